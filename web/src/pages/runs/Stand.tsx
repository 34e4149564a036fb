import { GLYPHS, type Stand as Word, standWord } from "@/pages/runs/words";
import { Icon } from "@/parts/Icon";
import { StateGlyph } from "@/parts/State";
import styles from "./Runs.module.css";

/** Where a run or a target stands: a glyph and a word. */
export function Stand({ stand }: { stand: Word }) {
  const glyph = GLYPHS[stand];
  return (
    <span className={styles.stand}>
      {"state" in glyph ? <StateGlyph state={glyph.state} /> : <span className={styles.mark} data-tone={glyph.tone}><Icon name={glyph.icon} size={14} /></span>}
      {standWord(stand)}
    </span>
  );
}
