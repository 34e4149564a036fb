import { useQueries, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { Search } from "@/address";
import { useIncidents } from "@/api/incidents";
import { type Filter, filterOf, narrowed, sieveOf, without } from "@/pages/incidents/filter";
import { Empty } from "@/parts/States";
import { Age } from "@/parts/Time";

/** An empty list says why: proof of life where all is well, and which filter to drop where one hides something. */
export function Nothing({ search }: { search: Search }) {
  const filter = filterOf(search);
  const parts = narrowed(filter);
  if (parts.length) return <NoneFits search={search} parts={parts} />;
  if (filter.state !== "open") return <Empty title={filter.state === "needs_ack" ? "Nothing waits to be taken." : "None in this state."} />;
  return <NothingOpen filter={filter} />;
}

function NothingOpen({ filter }: { filter: Filter }) {
  const { list } = useIncidents();
  const closed = useQuery({ queryKey: ["incidents", "last-closed", filter.company], queryFn: () => list({ status: ["resolved"], limit: 1, company: filter.company }) });
  const last = closed.data?.items[0];
  return (
    <Empty title="Nothing open.">
      {last?.resolved_at
        ? <p>Last incident closed <Age at={last.resolved_at} suffix=" ago" /> (<Link to="/incidents/$number" params={{ number: String(last.number) }}>{last.number}</Link>).</p>
        : <p>No incident yet. Once a tool sends its first alert, it appears here by itself.</p>}
    </Empty>
  );
}

/** Without which part of the filter there would be some, and how many. */
function NoneFits({ search, parts }: { search: Search; parts: { name: string; words: string }[] }) {
  const { counts } = useIncidents();
  const found = useQueries({
    queries: parts.map(({ name }) => {
      const other = filterOf(without(search, name));
      const { group: _, ...sieve } = sieveOf(other) as ReturnType<typeof sieveOf> & { group?: unknown };
      return { queryKey: ["counts", "without", other], queryFn: () => counts(other.company, sieve) };
    }),
  });
  const offers = parts.flatMap((part, at) => {
    const told = found[at]?.data;
    const other = filterOf(without(search, part.name));
    const sum = told ? other.groups.reduce((all, group) => all + (group === "done" ? 0 : told[group]), 0) : 0;
    return sum ? [{ ...part, sum }] : [];
  });
  return (
    <Empty title={`No incident fits ${parts.length === 1 ? "this filter" : `these ${parts.length} filters`}.`} action={<Link to="/incidents">Show all that are open</Link>}>
      {offers.map((one) => <p key={one.name}>Without <i>{one.words}</i> there {one.sum === 1 ? "is" : "are"} <Link to="/incidents" search={without(search, one.name) as never}>{one.sum.toLocaleString("en")}</Link>.</p>)}
    </Empty>
  );
}
