import process from "node:process";
import { defineConfig } from "@playwright/test";
import { chromium, siteAddress } from "./chromium.ts";

// Makes docs/images/home.png, the README's picture; run by `.ci/browser picture`.
export default defineConfig({
  testDir: "picture",
  outputDir: process.env["RESULTS"] ?? "test-results",
  workers: 1,
  timeout: 120_000,
  reporter: "list",
  use: {
    baseURL: siteAddress(),
    browserName: "chromium",
    launchOptions: chromium,
    viewport: { width: 1280, height: 1250 },
    locale: "zh-CN",
  },
});
