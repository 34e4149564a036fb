import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { answered, client, type Shapes } from "@/api/client";
import { useMay } from "@/api/session";

export type Found = Shapes["FoundShown"];
export type Kind = Found["kind"];

const LONGEST = 200;
const FRESH_MS = 10_000;

/** Whatever has a name, a number or an id that fits, within the person's rights; what was found before stays until then. */
export function useSearchFor(words: string, limit: number) {
  const may = useMay();
  const q = words.trim().slice(0, LONGEST);
  return useQuery({
    queryKey: ["search", q, limit],
    // What is typed further makes an answer needless: the browser lets it go.
    queryFn: ({ signal }) => answered(client.GET("/api/search", { params: { query: { q, limit } }, signal })),
    enabled: q.length > 0 && may("search.cross"),
    placeholderData: keepPreviousData,
    staleTime: FRESH_MS,
  });
}
