import type { Page } from "@playwright/test";

/** By how many pixels the page is wider than its window. */
export async function overflow(page: Page): Promise<number> {
  return page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
}

/** Headings whose last line is a single character or a bracket's tail. */
export async function orphans(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    /** The heading's text, cut where the browser broke it. */
    function lines(heading: Element): string[] {
      const out: string[] = [];
      const walker = document.createTreeWalker(heading, NodeFilter.SHOW_TEXT);
      const range = document.createRange();
      let middle = Number.NEGATIVE_INFINITY; // of the line before: the boxes of two lines overlap
      for (let node = walker.nextNode(); node; node = walker.nextNode()) {
        const text = node.textContent ?? "";
        for (let i = 0; i < text.length; i++) {
          range.setStart(node, i);
          range.setEnd(node, i + 1);
          const box = range.getBoundingClientRect();
          if (box.width === 0) continue;
          if (box.top > middle) {
            out.push("");
            middle = (box.top + box.bottom) / 2;
          }
          out.push((out.pop() ?? "") + text[i]);
        }
      }
      return out.map((line) => line.trim());
    }
    return [...document.querySelectorAll("h1, h2, h3, h4")]
      .map(lines)
      .filter((found) => found.length > 1 && /^(.|[^（]{0,3}）)$/u.test(found.at(-1) ?? ""))
      .map((found) => found.join(" / "));
  });
}

/** Tables that do not say what they are. */
export async function withoutCaption(page: Page): Promise<string[]> {
  return page.evaluate(() =>
    [...document.querySelectorAll("table")]
      .filter((table) => !table.caption?.textContent?.trim())
      .map((table) => table.outerHTML.slice(0, 120)),
  );
}
