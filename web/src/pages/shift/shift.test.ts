import { expect, it } from "vitest";
import { leftWords, outcomeWords } from "@/pages/shift/shift";

it("says what came of a hand-over to whoever reads it", () => {
  const one = { to: "lee.park@example.org", outcomes: { moved: 9, taken: 1, over: 2 } };
  expect(outcomeWords({ ...one, you: "receiver" })).toBe("9 incidents are yours now; 1 was taken by somebody else in between, who keeps it; 2 are over.");
  expect(outcomeWords({ ...one, you: "giver", outcomes: { moved: 1 } })).toBe("1 incident is Lee Park’s now.");
  expect(outcomeWords({ ...one, you: "giver", outcomes: { offered: 3 } })).toBeNull();
});

it("says what was left out of an offer, and why", () => {
  expect(leftWords([{ number: 4807, why: "taken" }, { number: null, why: "absent" }])).toBe("Left out: 4807, it is somebody else’s; one, there is none that you may see.");
  expect(leftWords([])).toBeNull();
});
