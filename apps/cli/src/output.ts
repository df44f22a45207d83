import { styleText } from 'node:util';
import type { Problem } from './command-failure.js';
import { renderTable, type Column } from './render-table.js';

type Stream = NodeJS.WritableStream & { readonly isTTY?: boolean; readonly columns?: number };
type Style = 'green' | 'red' | 'yellow' | 'bold' | 'dim';

/** Where a command says something. Results go to stdout, everything about them to stderr. */
export interface Output {
  /** True with `--json`: then stdout carries exactly one JSON document. */
  readonly json: boolean;
  /** The result: the value as JSON with `--json`, else the text. */
  result(value: unknown, text: string): void;
  /** A list: the rows as JSON with `--json`, else a table that fits the terminal (80 columns without one). */
  table<T>(rows: readonly T[], columns: readonly Column<T>[], empty: string): void;
  /** A remark for the person at the terminal; silent with `--json`. */
  note(text: string): void;
  /** What went wrong; with `--json` one JSON document on stderr. */
  problems(list: readonly Problem[]): void;
  /** Text in a style, plain where stdout is no terminal. */
  style(style: Style, text: string): string;
}

/** An {@link Output} on two streams. */
export function createOutput(json: boolean, stdout: Stream, stderr: Stream): Output {
  const paint = (stream: Stream, style: Style, text: string) =>
    stream.isTTY ? styleText(style, text, { stream }) : text;
  const print = (text: string) => void stdout.write(`${text}\n`);
  const printJson = (stream: Stream, value: unknown) => void stream.write(`${JSON.stringify(value, null, 2)}\n`);
  return {
    json,
    result: (value, text) => (json ? printJson(stdout, value) : print(text)),
    table: (rows, columns, empty) => {
      if (json) printJson(stdout, rows);
      else if (rows.length === 0) print(empty);
      else print(renderTable(rows, columns, stdout.columns ?? 80, (text) => paint(stdout, 'bold', text)));
    },
    note: (text) => void (json || stderr.write(`${text}\n`)),
    problems: (list) => {
      if (json && list.length > 0) printJson(stderr, { errors: list });
      for (const { code, message, field, remedy } of json ? [] : list) {
        const named = field && !message.includes(field) ? `${field}: ${message}` : message;
        const suffix = code === 'USAGE' || code === 'FAILED' ? '' : ` (${code})`;
        stderr.write(`${paint(stderr, 'red', 'error:')} ${named}${suffix}\n`);
        if (remedy) stderr.write(`  ${remedy}\n`);
      }
    },
    style: (style, text) => paint(stdout, style, text),
  };
}
