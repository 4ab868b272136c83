import { test as base, expect } from "@playwright/test";
import { siteAddress } from "../chromium.ts";

interface Watch {
  /** Addresses that are meant not to exist. */
  missing: Set<string>;
  watch: void;
}

/**
 * Every page of every test is watched: a request that leaves the site is
 * stopped and fails the test, and so does an error in the console, a script
 * that throws, or a file that is missing.
 */
export const test = base.extend<Watch>({
  missing: async ({}, use) => use(new Set()),
  watch: [
    async ({ context, missing }, use) => {
      const faults: string[] = [];
      await context.route(
        (url) => !url.href.startsWith(siteAddress()),
        (route) => {
          faults.push(`request off the site: ${route.request().url()}`);
          return route.abort();
        },
      );
      context.on("console", (message) => {
        const { url } = message.location();
        const told = message.type() === "error" || message.type() === "warning";
        if (told && !missing.has(url)) faults.push(`console ${message.type()}: ${message.text()} (${url})`);
      });
      context.on("weberror", (error) => faults.push(`script: ${error.error().message}`));
      context.on("requestfailed", (request) => {
        const why = request.failure()?.errorText ?? "";
        // Given up by the page itself: it was left, or became a download.
        if (why !== "net::ERR_ABORTED") faults.push(`${request.url()}: ${why}`);
      });
      context.on("response", (response) => {
        if (response.status() >= 400 && !missing.has(response.url())) faults.push(`${response.url()}: ${response.status()}`);
      });
      await use();
      expect(faults, "what went wrong in the background").toEqual([]);
    },
    { auto: true },
  ],
});

export { expect };
