"""Reads a list by dlt's `rest_api` source into DuckDB or SQLite: URL, destination, page size, number of items."""

import sys
import time

import dlt
from dlt.sources.rest_api import rest_api_source

url, destination, page, size = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
paginator = {
    "type": "offset",
    "limit": page,
    "offset_param": "skip",
    "limit_param": "limit",
    "total_path": "total",
}
source = rest_api_source(
    {
        "client": {"base_url": url, "paginator": paginator},
        "resources": [
            {
                "name": "messages",
                "primary_key": "id",
                "write_disposition": "merge",
                "endpoint": {"path": "", "data_selector": "items"},
            }
        ],
    }
)
if destination == "sqlite":
    target = dlt.destinations.sqlalchemy("sqlite:///messages.db")
else:
    target = dlt.destinations.duckdb("messages.duckdb")
began = time.monotonic()
dataset = "main" if destination == "sqlite" else "m"
# In this folder, not in the home: the state of an earlier run would belong to another database.
pipeline = dlt.pipeline("messages", destination=target, dataset_name=dataset, pipelines_dir="pipelines")
pipeline.run(source)
with pipeline.sql_client() as client:
    found = client.execute_sql("SELECT COUNT(*) FROM messages")[0][0]
print(f"{found} items in {time.monotonic() - began:.1f} s", file=sys.stderr)
sys.exit(found != size)
