import type { Page } from "playwright-core";
import { expect, vi } from "vitest";
import type { Rgb } from "./screenshot.ts";

/** Waiting for a state of the page, however slow the machine is. */
export const patience: { timeout: number } = { timeout: 30_000 };

export interface Bar {
  request: string;
  kind: string;
  /** The Worker's time, epoch milliseconds. */
  from: number;
  to: number;
  /** Where it is drawn, in pixels of the whole page. */
  box: { left: number; right: number; top: number; bottom: number };
  track: { left: number; right: number };
  colour: Rgb;
}

export function bars(page: Page): Promise<Bar[]> {
  return page.evaluate(() =>
    [...document.querySelectorAll<HTMLElement>(".bar")].map((bar) => {
      const row = bar.closest(".request") as HTMLElement;
      const place = (element: Element) => {
        const { left, right, top, bottom } = element.getBoundingClientRect();
        return { left, right, top: top + scrollY, bottom: bottom + scrollY };
      };
      const colour = getComputedStyle(bar).backgroundColor.match(/\d+/g)?.map(Number) ?? [];
      return {
        request: row.querySelector("h3")?.textContent ?? "",
        kind: bar.dataset.kind ?? "",
        from: Number(bar.dataset.from),
        to: Number(bar.dataset.to),
        box: place(bar),
        track: place(bar.parentElement as Element),
        colour: colour.slice(0, 3) as [number, number, number],
      };
    }),
  );
}

export function number(page: Page, id: "waiting" | "grants" | "refused"): Promise<number> {
  return page.locator(`#${id}`).textContent().then(Number);
}

/** Waits until at least so many requests are in each of these states. */
export async function until(page: Page, least: Record<string, number>): Promise<void> {
  await vi.waitFor(
    async () => {
      const states = await page.locator(".request").evaluateAll((rows) => rows.map((row) => row.dataset.state));
      for (const [state, count] of Object.entries(least)) {
        expect(states.filter((one) => one === state).length, state).toBeGreaterThanOrEqual(count);
      }
    },
    { ...patience, interval: 50 },
  );
}

/** Presses Tab until the element that is told has the focus, as somebody without a mouse does. */
export async function tabTo(page: Page, name: string): Promise<void> {
  for (let presses = 0; presses < 40; presses++) {
    if ((await focused(page)) === name) return;
    await page.keyboard.press("Tab");
  }
  expect.fail(`Tab does not lead to ${name}`);
}

/** The accessible name of what has the focus: its label, or its text. */
export function focused(page: Page): Promise<string> {
  return page.evaluate(() => {
    const element = document.activeElement as HTMLElement;
    const label = element instanceof HTMLInputElement ? element.labels?.[0] : element;
    return element === document.body ? "" : (element.ariaLabel ?? label?.textContent ?? "").trim();
  });
}
