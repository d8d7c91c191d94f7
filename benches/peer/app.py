"""The design that quarry replaces: all messages in memory, every search a linear scan.

Answers GET /search?q=&limit=10 with the messages that hold every word of `q`, somewhere in their text or in the
name of who wrote them, whatever the case.
"""

import json
import os
from pathlib import Path

from fastapi import FastAPI, Query

# A JSON array of messages: the benchmark writes one and names it.
FILE = Path(os.environ["MESSAGES"])

# Lower case is made once, here, so that a search does as little as a scan can.
MESSAGES = [
    (f"{message['message']}\n{message['user_name']}".lower(), message)
    for message in json.loads(FILE.read_text(encoding="utf-8"))
]

app = FastAPI()


@app.get("/search")
async def search(q: str = "", limit: int = Query(10, ge=1, le=100)):
    # One pass per word over what the words before have left, which is several times as fast as
    # asking for all of them at each message.
    found = MESSAGES
    for word in q.lower().split():
        found = [entry for entry in found if word in entry[0]]
    return {"total": len(found), "items": [message for _, message in found[:limit]]}
