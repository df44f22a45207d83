// Sums up a CPU profile: what the time of the main thread was spent on.
import { readFileSync } from 'node:fs';

interface Frame {
  readonly functionName: string;
  readonly url: string;
  readonly lineNumber: number;
}
interface Node {
  readonly id: number;
  readonly callFrame: Frame;
  readonly children?: readonly number[];
}
interface Profile {
  readonly nodes: readonly Node[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

const special: Readonly<Record<string, string>> = {
  '(garbage collector)': 'garbage collection',
  '(program)': 'native code outside of JavaScript',
};

/** Which part of the program a function belongs to. */
function partOf({ functionName, url }: Frame): string {
  const lib = /dist\/((?:libs|apps)\/[^/]+)\//.exec(url);
  if (lib) return `gatehouse ${lib[1]}`;
  const installed = /node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(url);
  if (installed) return `npm ${installed[1]}`;
  const core = /^node:(?:internal\/)?([a-z_]+)/.exec(url);
  if (core) return `node ${core[1]}`;
  return special[functionName] ?? 'native functions';
}

const isOwn = (frame: Frame): boolean => /dist\/(libs|apps)\//.test(frame.url);
const nameOf = ({ functionName, url, lineNumber }: Frame): string => {
  const place = url.replace(/^.*\/(dist|node_modules)\//, '');
  return `${functionName || '(anonymous)'} ${place}${place ? `:${lineNumber + 1}` : ''}`;
};

/** Sums of time by name. */
class Sums extends Map<string, number> {
  add(name: string, time: number): void {
    this.set(name, (this.get(name) ?? 0) + time);
  }
}

/**
 * Four tables: parts by own time, functions by own time, our functions by time with everything below them, and the
 * nearest function of ours above each sample (who makes Node work). Shares are of the time that was not idle.
 * @param requests how many were served meanwhile: adds microseconds per request
 */
export function summarizeProfile(file: string, requests: number): string {
  const { nodes, samples, timeDeltas } = JSON.parse(readFileSync(file, 'utf8')) as Profile;
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const parents = new Map<number, Node>();
  for (const node of nodes) for (const child of node.children ?? []) parents.set(child, node);
  const own = new Map<number, number>();
  samples.forEach((id, index) => own.set(id, (own.get(id) ?? 0) + (timeDeltas[index] ?? 0)));
  const [parts, functions, below, causes] = [new Sums(), new Sums(), new Sums(), new Sums()];
  let busy = 0;
  for (const [id, time] of own) {
    const node = byId.get(id);
    if (!node || node.callFrame.functionName === '(idle)' || node.callFrame.url.includes('inspector')) continue;
    busy += time;
    parts.add(partOf(node.callFrame), time);
    functions.add(nameOf(node.callFrame), time);
    const seen = new Set<string>();
    let cause: string | null = null;
    for (let at: Node | undefined = node; at; at = parents.get(at.id)) {
      const name = nameOf(at.callFrame);
      if (!isOwn(at.callFrame) || seen.has(name)) continue;
      cause ??= name;
      seen.add(name);
      below.add(name, time);
    }
    causes.add(cause ?? `none of ours: ${partOf(node.callFrame)}`, time);
  }
  const table = (title: string, sums: Sums, most: number): string[] => [
    `${title}:`,
    ...[...sums]
      .toSorted((a, b) => b[1] - a[1])
      .slice(0, most)
      .map(
        ([name, time]) =>
          `${((time / busy) * 100).toFixed(1).padStart(6)} % ${(time / requests).toFixed(1).padStart(6)} µs  ${name}`,
      ),
    '',
  ];
  return [
    `main thread: ${(busy / requests).toFixed(1)} µs per request, ${requests} requests`,
    '',
    ...table('parts, own time', parts, 20),
    ...table('functions, own time', functions, 40),
    ...table('our functions, with everything that they call', below, 45),
    ...table('time by the nearest function of ours above it', causes, 45),
  ].join('\n');
}
