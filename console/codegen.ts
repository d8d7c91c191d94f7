import type { CodegenConfig } from "@graphql-codegen/cli";

const config: CodegenConfig = {
  schema: "../schema.graphql",
  documents: "src/operations/*.graphql",
  generates: {
    "src/gql/": {
      preset: "client",
      presetConfig: { fragmentMasking: false },
      config: {
        strictScalars: true,
        scalars: { AttributeValue: "string | number | boolean", DateTime: "string", JSON: "unknown", Long: "number" },
        enumsAsTypes: true,
        useTypeImports: true,
      },
    },
  },
};
export default config;
