import { Button, Group } from "@mantine/core";

/** What was done, and how to take it back while that can be. */
export function Undo({ what, back }: { what: string; back: (() => void) | null }) {
  return (
    <Group justify="space-between" wrap="nowrap" gap="sm">
      <span>{what}</span>
      {back ? <Button size="compact-xs" onClick={back}>Undo</Button> : null}
    </Group>
  );
}
