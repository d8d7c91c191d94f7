"""Python's gql, by each of its asynchronous transports, against the server at QUARRY_URL."""

import asyncio
import os
import unittest

from gql import Client, GraphQLRequest, gql
from gql.transport.aiohttp import AIOHTTPTransport
from gql.transport.aiohttp_websockets import AIOHTTPWebsocketsTransport
from gql.transport.exceptions import TransportQueryError
from gql.transport.websockets import WebsocketsTransport

URL = os.environ["QUARRY_URL"]
SOCKET_URL = URL.replace("http", "ws", 1) + "/ws"

STORE = gql(
    """
    mutation Store($documents: [DocumentInput!]!) {
      indexDocuments(input: { documents: $documents }) { documents { id key } }
    }
    """
)
FIND = gql(
    """
    query Find($text: String!, $first: Int) {
      search(query: $text, first: $first) { totalCount nodes { id key } }
    }
    """
)
LOG = gql("mutation Log($input: LogKeystrokeInput!) { logKeystroke(input: $input) { accepted } }")
SEARCHES = gql("subscription { searchLogged { sessionId query } }")


def documents(source):
    return [{"source": source, "key": f"{source}-{n}", "text": f"{source} tea {n}"} for n in (1, 2, 3)]


async def run(session, document, **variables):
    return await session.execute(GraphQLRequest(document, variable_values=variables))


class Operations:
    """Operations that work the same over every transport."""

    def client(self, **options):
        return Client(transport=self.transport(), execute_timeout=60, **options)

    async def test_queries_and_mutations_with_variables(self):
        async with self.client() as session:
            stored = (await run(session, STORE, documents=documents(self.name)))["indexDocuments"]["documents"]
            self.assertEqual([one["key"] for one in stored], [f"{self.name}-{n}" for n in (1, 2, 3)])
            found = (await run(session, FIND, text=f"{self.name} tea", first=2))["search"]
            self.assertEqual((found["totalCount"], len(found["nodes"])), (3, 2))

    async def test_the_schema_by_introspection_checks_documents(self):
        async with self.client(fetch_schema_from_transport=True) as session:
            self.assertIn("search", session.client.schema.query_type.fields)
            await run(session, FIND, text="tea", first=0)
            with self.assertRaisesRegex(Exception, "Cannot query field 'canary'"):
                await session.execute(gql("{ sources { canary } }"))

    async def test_errors_have_codes_and_paths(self):
        async with self.client() as session:
            with self.assertRaises(TransportQueryError) as refused:
                await run(session, FIND, text="tea", first=-1)
            (error,) = refused.exception.errors
            self.assertEqual((error["extensions"]["code"], error["path"]), ("BAD_USER_INPUT", ["search"]))
            # The connection stays open.
            self.assertIn("totalCount", (await run(session, FIND, text="tea", first=0))["search"])


class OverSockets(Operations):
    """Operations and subscriptions on one WebSocket."""

    async def test_subscriptions_beside_other_operations(self):
        mine = f"{self.name}-{os.getpid()}"
        async with self.client() as session:
            received = asyncio.create_task(self.first_search(session, mine))
            n = 0
            # The first search that arrives shows that the subscription has begun.
            while not received.done():
                n += 1
                keystroke = {"sessionId": mine, "text": f"{self.name} tea {n}", "submitted": True}
                logged = (await run(session, LOG, input=keystroke))["logKeystroke"]
                self.assertTrue(logged["accepted"])
                await asyncio.wait([received], timeout=0.05)
            self.assertRegex(await received, rf"^{self.name} tea \d+$")

    async def first_search(self, session, session_id):
        async for answer in session.subscribe(SEARCHES):
            if answer["searchLogged"]["sessionId"] == session_id:
                return answer["searchLogged"]["query"]


class Http(Operations, unittest.IsolatedAsyncioTestCase):
    name = "aiohttp"

    def transport(self):
        return AIOHTTPTransport(url=URL)


class AiohttpSocket(OverSockets, unittest.IsolatedAsyncioTestCase):
    name = "aiohttpsocket"

    def transport(self):
        return AIOHTTPWebsocketsTransport(url=SOCKET_URL)


class WebsocketsSocket(OverSockets, unittest.IsolatedAsyncioTestCase):
    name = "websockets"

    def transport(self):
        return WebsocketsTransport(url=SOCKET_URL)


if __name__ == "__main__":
    unittest.main()
