import createClient, { createQuerySerializer, type Middleware } from "openapi-fetch";
import type { components, paths } from "@/api/schema";

export type Shapes = components["schemas"];

/** What the server says when it refuses; `request` is the id that its log knows. */
export class Refused extends Error {
  constructor(readonly status: number, readonly detail: string, readonly mend: string, readonly where: string, readonly request: string) {
    super(detail);
    this.name = "Refused";
  }
}

const PATIENCE_MS = 30_000;
let csrf = "";

/** Writes carry this; the session's door says it. */
export function setCsrf(token: string): void {
  csrf = token;
}

const carry: Middleware = {
  onRequest({ request }) {
    if (request.method !== "GET" && csrf) request.headers.set("X-CSRF-Token", csrf);
    return request;
  },
  onResponse({ response }) {
    if (response.status === 401) signIn();
  },
};

const serialize = createQuerySerializer({ array: { style: "form", explode: true } });

export const client = createClient<paths>({
  baseUrl: "/",
  // Lists are repeated names, as the API reads them; an empty one is not said.
  querySerializer: (query) => serialize(Object.fromEntries(Object.entries(query ?? {}).filter(([, value]) => !Array.isArray(value) || value.length > 0))),
  fetch: (request) => fetch(request, { signal: AbortSignal.any([request.signal, AbortSignal.timeout(PATIENCE_MS)]) }),
});
client.use(carry);

/** Whoever is not signed in goes to the page that needs no script, and comes back to where they were. */
export function signIn(): void {
  const here = window.location.pathname + window.location.search;
  window.location.assign(`/sign-in?next=${encodeURIComponent(here)}`);
}

/** What a call answered; throws `Refused` for everything that is no success. */
export async function answered<T>(call: Promise<{ data?: T; error?: unknown; response: Response }>): Promise<T> {
  let told: { data?: T; error?: unknown; response: Response };
  try {
    told = await call;
  } catch (failure) {
    const slow = failure instanceof DOMException && failure.name === "TimeoutError";
    throw new Refused(0, slow ? "The server did not answer in time." : "The server cannot be reached.", "Try again; the line below says when it is back.", "", "");
  }
  const { data, error, response } = told;
  if (response.ok) return data as T;
  const problem = (error ?? {}) as Partial<Record<"detail" | "mend" | "where", string>>;
  throw new Refused(
    response.status, problem.detail ?? `The server answered ${response.status}.`, problem.mend ?? "", problem.where ?? "",
    response.headers.get("x-request-id") ?? "",
  );
}
