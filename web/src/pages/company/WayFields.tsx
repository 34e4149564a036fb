import { PasswordInput, Textarea, TextInput } from "@mantine/core";
import type { WayValue } from "@/api/access";
import { fieldTitle } from "@/pages/company/access";
import { refusalAt } from "@/parts/refusal";

interface Props {
  values: readonly WayValue[];
  typed: Record<string, string>;
  failure: Error | null;
  onType: (name: string, value: string) => void;
}

/** What a way to a machine needs, field by field; what the server says of one stands at it. */
export function WayFields({ values, typed, failure, onType }: Props) {
  return (
    <>
      {values.map((one) => {
        const Input = one.lines ? Textarea : one.secret ? PasswordInput : TextInput;
        return (
          <Input
            key={one.name} mt="sm" label={fieldTitle(one.name)} description={one.description} required={one.required} value={typed[one.name] ?? ""}
            autoComplete="off" spellCheck={false} error={refusalAt(failure, one.name)} onChange={(event: { currentTarget: { value: string } }) => onType(one.name, event.currentTarget.value)}
            {...(one.lines ? { rows: 4, ff: "monospace" } : {})}
          />
        );
      })}
    </>
  );
}
