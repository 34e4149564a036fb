import { Link } from "@tanstack/react-router";
import { Empty } from "@/parts/States";
import { Page } from "@/shell/Page";

/** An address that is no page of ours. */
export function NotHere() {
  return (
    <Page title="No such page">
      <Empty title="There is no page at this address." action={<Link to="/board">To the board</Link>}>
        <p>It may have been written by hand, or belong to a part that this installation does not have.</p>
      </Empty>
    </Page>
  );
}
