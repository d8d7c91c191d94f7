// Audits a GraphQL server: node audit.mjs http://127.0.0.1:8000/graphql
// Prints the failed audits, then "N of 61"; exits with 1 unless all pass, the optional ones too.
import { serverAudits } from "graphql-http";

const url = process.argv[2];
if (!url) {
  console.error("usage: node audit.mjs URL");
  process.exit(2);
}
const audits = serverAudits({ url, fetchFn: fetch });
let passed = 0;
for (const audit of audits) {
  const result = await audit.fn();
  if (result.status === "ok") {
    passed += 1;
  } else {
    console.log(`${result.status} ${audit.id} ${audit.name}: ${result.reason}`);
  }
}
console.log(`${passed} of ${audits.length}`);
process.exitCode = passed === audits.length ? 0 : 1;
