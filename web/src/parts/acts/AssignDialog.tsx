import { Autocomplete, Button, Group, Modal } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { answered, client } from "@/api/client";
import { useMay, useSession } from "@/api/session";

/** Gives incidents to somebody who serves the company. */
export function AssignDialog({ title, companyIds, onAssign, onClose }: {
  title: string;
  companyIds: readonly string[];
  onAssign: (email: string | null) => void;
  onClose: () => void;
}) {
  const { email: self } = useSession();
  const may = useMay();
  const [email, setEmail] = useState("");
  const { data } = useQuery({
    queryKey: ["users"],
    queryFn: () => answered(client.GET("/api/users", { params: { query: { limit: 500 } } })),
    enabled: may("user.read"),
  });
  const serving = (data?.items ?? []).filter((one) => one.role !== "reader" && (one.serves_all || companyIds.every((id) => one.companies.includes(id))));
  const assign = (to: string | null) => {
    onAssign(to);
    onClose();
  };
  return (
    <Modal opened onClose={onClose} title={`Assign ${title}`}>
      <form onSubmit={(event) => { event.preventDefault(); if (email.trim()) assign(email.trim()); }}>
        <Autocomplete data-autofocus size="xs" label="Who takes it?" placeholder="name@example.org" data={serving.map((one) => one.email)} value={email} onChange={setEmail} />
        <Group justify="space-between" mt="md">
          <Group><Button onClick={() => assign(self)}>Me</Button><Button onClick={() => assign(null)}>Nobody</Button></Group>
          <Button type="submit" variant="filled" disabled={!email.trim()}>Assign</Button>
        </Group>
      </form>
    </Modal>
  );
}
