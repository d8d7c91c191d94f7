import { fileURLToPath } from "node:url";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));

export default defineConfig({
  plugins: [react()],
  resolve: {
    alias: { "quarry-browser": path("../clients/browser/src/index.ts") },
    dedupe: ["graphql", "react"],
  },
  // Relative URLs also work behind a proxy that adds a path prefix.
  experimental: {
    renderBuiltUrl: (name, { hostType }) => (hostType === "html" ? `console/${name}` : { relative: true }),
  },
  build: {
    outDir: path("dist"),
    emptyOutDir: true,
    assetsDir: "",
    // A data URL would need a weaker policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    target: "es2022",
    reportCompressedSize: false,
    chunkSizeWarningLimit: 600,
    license: { fileName: "licences.md" },
  },
  define: { __DEV__: "false", "globalThis.__DEV__": "false" },
  server: {
    proxy: Object.fromEntries(
      ["/graphql", "/readyz", "/livez", "/metrics"].map((route) => [
        route,
        { target: process.env.QUARRY_URL ?? "http://127.0.0.1:8000", ws: true, changeOrigin: true },
      ]),
    ),
  },
});
