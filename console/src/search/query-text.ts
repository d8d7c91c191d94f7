// The GraphQL of a search, with its arguments in place, for people to read and copy.
import type { SearchQueryVariables } from "../gql/graphql";

const ENUMS = new Set(["sort", "direction"]);

function literal(value: unknown, name = ""): string {
  if (Array.isArray(value)) return `[${value.map((item) => literal(item, name)).join(", ")}]`;
  if (typeof value === "object" && value !== null) {
    const fields = Object.entries(value).filter(([, field]) => field !== undefined);
    return `{ ${fields.map(([key, field]) => `${key}: ${literal(field, key)}`).join(", ")} }`;
  }
  if (ENUMS.has(name)) return String(value);
  // The escapes of JSON strings are valid in GraphQL.
  return JSON.stringify(value);
}

export function queryText(variables: SearchQueryVariables): string {
  const { query, page, first, filter, sort, orderBy, typoTolerance, fields } = variables;
  const args: [string, unknown][] = [["query", query]];
  if (Object.keys(filter).length > 0) args.push(["filter", filter]);
  if (sort !== "RELEVANCE") args.push(["sort", sort]);
  if (Array.isArray(orderBy) && orderBy.length > 0) args.push(["orderBy", orderBy]);
  if (!typoTolerance) args.push(["typoTolerance", false]);
  if (page > 1) args.push(["page", page]);
  args.push(["first", first]);
  const list = args.map(([name, value]) => `    ${name}: ${literal(value, name)}`).join("\n");
  return `{
  search(
${list}
  ) {
    totalCount
    tookMs
    interpretation { corrections { typed meant } }
    facets(attributes: ${literal(fields)}, disjunctive: true) {
      field
      buckets { value name count }
    }
    edges {
      highlights { field html }
      node { id title text category publishedAt author { name } }
    }
  }
}
`;
}

/** A command for a POSIX shell, in which single quotes keep everything but themselves. */
export function curlText(url: string, query: string): string {
  const body = JSON.stringify({ query });
  return `curl ${url} -H 'content-type: application/json' \\\n  -d '${body.replaceAll("'", "'\\''")}'`;
}
