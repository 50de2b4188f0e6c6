/// <reference types="vitest/config" />
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

const backend = "http://localhost:8000";

export default defineConfig(({ command }) => ({
  // Django serves the built index.html at / and everything beside it under /static/.
  base: command === "build" ? "/static/" : "/",
  plugins: [react()],
  resolve: { tsconfigPaths: true },
  build: {
    // Nothing inlined: the page must pass a Content-Security-Policy without data: or 'unsafe-inline'.
    assetsInlineLimit: 0,
    target: "es2022",
  },
  server: {
    proxy: {
      "/api": backend,
      "/ws": { target: backend, ws: true },
    },
  },
  test: {
    environment: "jsdom",
    include: ["src/**/*.test.{ts,tsx}"],
    restoreMocks: true,
  },
}));
