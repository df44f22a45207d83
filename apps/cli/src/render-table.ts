/** One column of a table. */
export interface Column<T> {
  readonly title: string;
  readonly value: (row: T) => string | number | boolean | null | undefined;
  /** The columns that give way when the table is too wide, widest first; the others keep their width. */
  readonly shrinks?: boolean;
}

const gap = '  ';
const narrowest = 8;

/** Text of one cell: control characters of upstream names must not reach the terminal. */
const cellText = (value: ReturnType<Column<never>['value']>): string =>
  // oxlint-disable-next-line no-control-regex -- removing control characters is the purpose
  value === null || value === undefined ? '–' : String(value).replaceAll(/[\u0000-\u001f\u007f-\u009f]+/g, ' ');

const fit = (text: string, width: number): string =>
  text.length > width ? `${text.slice(0, width - 1)}…` : text.padEnd(width);

/**
 * A plain text table at most `width` characters wide, as far as the columns that shrink allow. What does not fit ends in
 * an ellipsis; `--json` has it whole.
 */
export function renderTable<T>(
  rows: readonly T[],
  columns: readonly Column<T>[],
  width: number,
  emphasize: (text: string) => string = (text) => text,
): string {
  const cells = rows.map((row) => columns.map(({ value }) => cellText(value(row))));
  const widths = columns.map(({ title }, index) =>
    Math.max(title.length, ...cells.map((row) => row[index]?.length ?? 0)),
  );
  shrink(widths, columns, width - gap.length * (columns.length - 1));
  const line = (texts: readonly string[]) =>
    texts
      .map((text, index) => fit(text, widths[index] ?? 0))
      .join(gap)
      .trimEnd();
  return [emphasize(line(columns.map(({ title }) => title))), ...cells.map(line)].join('\n');
}

/** Takes the excess from the widest column that may shrink, one character at a time. */
function shrink(widths: number[], columns: readonly Column<never>[], available: number): void {
  for (let excess = widths.reduce((sum, one) => sum + one, 0) - available; excess > 0; excess -= 1) {
    let widest = -1;
    for (const [index, size] of widths.entries())
      if (columns[index]?.shrinks && size > narrowest && size > (widths[widest] ?? 0)) widest = index;
    if (widest < 0) return;
    widths[widest] = (widths[widest] ?? 0) - 1;
  }
}
