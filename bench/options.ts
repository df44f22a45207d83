import { parseArgs } from 'node:util';
import { mixNames, type MixName } from './mixes/mix-names.js';

/** How long and how often is measured. */
export interface Options {
  readonly mixes: readonly MixName[];
  readonly connections: readonly number[];
  readonly warmupMs: number;
  /** Length of one pass; a pass is cut into slices that alternate between the measured programs. */
  readonly passMs: number;
  readonly passes: number;
  readonly sliceMs: number;
  readonly short: boolean;
  /** Where the result goes; null: a file named by the time below bench/results. */
  readonly out: string | null;
  readonly profile: string | null;
}

/** Set up too slowly for the short form, or not installed where it runs. */
const notShort = new Set<MixName>(['growth', 'peers']);

export const usage = `Usage: npm run bench -- [options]
       npm run bench -- compare A.json B.json

  --mix A,C,I          which parts (default all): ${mixNames.join(' ')};
                       peers are installed by npm ci --prefix bench/peers
  --connections 1,16   how many connections (default 1,16,64)
  --warmup 10          seconds before the measurement, once per program and mix
  --seconds 30         seconds of one pass
  --passes 3           passes; the table shows the median pass, ratios come from all slices
  --slice 5            seconds between two changes of the measured program
  --short              everything once, a few seconds: fails only when something is broken
  --profile FILE       records a CPU profile of the gateway under mix A and prints what it is spent on
  --out FILE           where the result is written (default bench/results/<time>.json)
`;

const numbers = (text: string): number[] => text.split(',').map(Number);

/** Reads the command line; throws what `parseArgs` throws. */
export function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      mix: { type: 'string' },
      connections: { type: 'string' },
      warmup: { type: 'string' },
      seconds: { type: 'string' },
      passes: { type: 'string' },
      slice: { type: 'string' },
      short: { type: 'boolean', default: false },
      out: { type: 'string' },
      profile: { type: 'string' },
    },
  });
  const { short } = values;
  const seconds = Number(values.seconds ?? (short ? 0.4 : 30));
  const asked = values.mix?.split(',');
  const mixes = mixNames.filter((mix) => (asked === undefined ? !(short && notShort.has(mix)) : asked.includes(mix)));
  const unknown = (asked ?? []).filter((mix) => !mixNames.some((name) => name === mix));
  if (unknown.length > 0) throw new TypeError(`Unknown mix ${unknown.join(', ')}; there are ${mixNames.join(', ')}.`);
  return {
    mixes,
    connections: numbers(values.connections ?? (short ? '16' : '1,16,64')),
    warmupMs: Number(values.warmup ?? (short ? 0.2 : 10)) * 1000,
    passMs: seconds * 1000,
    passes: Number(values.passes ?? (short ? 1 : 3)),
    sliceMs: Math.min(Number(values.slice ?? 5), seconds) * 1000,
    short,
    out: values.out ?? null,
    profile: values.profile ?? null,
  };
}
