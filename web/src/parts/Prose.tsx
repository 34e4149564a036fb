import { Button, CopyButton } from "@mantine/core";
import { type Block, blocksOf, spansOf } from "@/parts/prose";
import { Icon } from "@/parts/Icon";
import styles from "./Prose.module.css";

/** Steps and words of the docs: lists, tables, and code that can be copied whole. */
export function Prose({ text }: { text: string }) {
  return <div className={styles.prose}><Blocks blocks={blocksOf(text)} /></div>;
}

/** Words with `code` in them. */
export function Words({ text }: { text: string }) {
  return <>{spansOf(text).map((one, at) => one.kind === "code" ? <code key={at}>{one.text}</code> : one.kind === "strong" ? <b key={at}>{one.text}</b> : one.kind === "em" ? <em key={at}>{one.text}</em> : <span key={at}>{one.text}</span>)}</>;
}

/** Copies a text, and says that it did. */
export function Copy({ text, label = "Copy" }: { text: string; label?: string }) {
  return <CopyButton value={text}>{({ copied, copy }) => <Button size="compact-xs" onClick={copy} leftSection={<Icon name={copied ? "check" : "copy"} size={12} />}>{copied ? "Copied" : label}</Button>}</CopyButton>;
}

function Blocks({ blocks }: { blocks: readonly Block[] }) {
  return <>{blocks.map((one, at) => <One key={at} block={one} />)}</>;
}

function One({ block }: { block: Block }) {
  switch (block.kind) {
    case "text": return <p><Words text={block.text} /></p>;
    case "code": return <div className={styles.code}><pre tabIndex={0}>{block.text}</pre><Copy text={block.text} /></div>;
    case "list": {
      const items = block.items.map((one, at) => <li key={at}><Blocks blocks={one} /></li>);
      return block.ordered ? <ol>{items}</ol> : <ul>{items}</ul>;
    }
    case "table": return (
      <table>
        <thead><tr>{block.head.map((one) => <th key={one}>{one}</th>)}</tr></thead>
        <tbody>{block.rows.map((row, at) => <tr key={at}>{row.map((cell, column) => <td key={column}><Words text={cell} /></td>)}</tr>)}</tbody>
      </table>
    );
  }
}
