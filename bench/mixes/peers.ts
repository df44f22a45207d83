import { interleave, ratioOf, type Figures, type Subject } from '../measure/interleave.js';
import type { Spread } from '../measure/statistics.js';
import { listSizes } from '../world/open-world.js';
import { callSlug, listSlug, openPeerWorld, type PeerWorld } from '../world/peer-world.js';
import { isInstalled, peers, startPeer, type Peer, type RunningPeer } from '../world/peers.js';
import { echo, focus, mixResult, type Bench, type MixResult, type Ratio } from './mix.js';

/** One of the mixes A to D as all peers can do it: in a session. */
interface Cell {
  readonly name: string;
  readonly kind: 'session-call' | 'session-list' | 'session-mixed';
  readonly size: number;
}

/** Cells on the same upstreams. */
interface Stage {
  readonly upstream: Peer['upstream'];
  readonly tools: number;
  readonly over: number;
  readonly cells: readonly Cell[];
}

const calls: readonly Cell[] = [
  { name: 'A', kind: 'session-call', size: 64 },
  { name: 'B', kind: 'session-call', size: 16 * 1024 },
  { name: 'D', kind: 'session-mixed', size: 64 },
];

const stage = (upstream: Peer['upstream'], tools: number, over: number): Stage => {
  const list: Cell = { name: `C, ${tools} tools over ${over}`, kind: 'session-list', size: 0 };
  return { upstream, tools, over, cells: tools === 10 && over === 1 ? [...calls, list] : [list] };
};

/** A peer of stdio has one upstream; only an aggregator can list ten. */
const stages: readonly Stage[] = [
  ...listSizes.map((tools) => stage('stdio', tools, 1)),
  ...[1, 10].flatMap((over) => listSizes.map((tools) => stage('http', tools, over))),
];

const gatewayName = (upstream: Peer['upstream']): string =>
  upstream === 'stdio' ? 'gateway (stdio upstream)' : 'gateway (HTTP upstream)';

function gatewaySubject({ gateway, token }: PeerWorld, { upstream, tools, over }: Stage, cell: Cell): Subject {
  const slug = callSlug(upstream);
  const { kind, name, size } = cell;
  const server = kind === 'session-list' ? listSlug(upstream, tools, over) : slug;
  // As in the mixes themselves: A and B by all upstreams at once with names rewritten, the others by a virtual server.
  const [path, tool] = kind === 'session-call' ? ['/mcp', `${slug}__echo`] : [`/servers/${server}/mcp`, 'echo'];
  return {
    name: `${name}: ${gatewayName(upstream)}`,
    pids: gateway.pids,
    job: { ...echo(`${gateway.gateway}${path}`, token, tool, size), kind, tools },
  };
}

function peerSubject(peer: Peer, running: RunningPeer, tools: number, { kind, name, size }: Cell): Subject {
  const tool = peer.upstream === 'http' ? `${callSlug('http')}__echo` : 'echo';
  return {
    name: `${name}: ${peer.name}`,
    pids: [running.pid],
    job: { ...echo(running.url, null, tool, size), kind, tools, sse: peer.sse === true },
  };
}

/** What is found out, cell by cell. */
class Findings {
  readonly figures: Figures[] = [];
  readonly ratios: Ratio[] = [];
  readonly notes = new Set<string>();
  /** Of the gateway: what a peer answers wrongly is told, but no failure of the run. */
  errors = 0;
  /** The peer that comes nearest to the gateway in mix A. */
  best: { readonly peer: string; readonly value: Spread } | null = null;

  add(cell: Cell, contestants: readonly Peer[], [ours, ...theirs]: readonly Figures[]): void {
    if (!ours) return;
    this.figures.push(ours, ...theirs);
    this.errors += ours.errors;
    for (const [index, { name }] of contestants.entries()) {
      const figures = theirs[index];
      if (!figures || figures.errors > 0) {
        this.notes.add(`${cell.name}: ${name} answered wrongly and is not compared`);
        continue;
      }
      const value = ratioOf(figures, ours, ({ cpuPerRequest }) => cpuPerRequest);
      const told = `${cell.name}: requests per CPU second, ${ours.subject.slice(cell.name.length + 2)} ÷ ${name}`;
      this.ratios.push({ name: told, value, goal: null, unit: 'x' });
      if (cell.name === 'A' && !(this.best && this.best.value.median <= value.median))
        this.best = { peer: name, value };
    }
  }

  result(): MixResult {
    const goal: Ratio[] = this.best
      ? [
          {
            name: 'A: requests per CPU second, gateway ÷ best peer',
            ...{ value: this.best.value, goal: { atLeast: 5 }, unit: 'x' },
          },
        ]
      : [];
    const best = this.best ? [`the best peer in mix A: ${this.best.peer}`] : [];
    const title = 'programs from npm and the gateway on the same upstreams, one session per connection';
    const notes = [...best, ...this.notes];
    return { ...mixResult('peers', title, this.figures, [...goal, ...this.ratios], notes), errors: this.errors };
  }
}

/** Starts the peers of a stage; one that does not come up is left out with a note. */
async function startAll(
  candidates: readonly Peer[],
  { tools, over }: Stage,
  { urls }: PeerWorld,
  stack: AsyncDisposableStack,
  notes: Set<string>,
): Promise<{ peer: Peer; running: RunningPeer }[]> {
  const started: { peer: Peer; running: RunningPeer }[] = [];
  for (const peer of candidates) {
    try {
      const running = await startPeer(peer, { tools, urls: urls(tools, over) });
      stack.defer(() => running.stop());
      started.push({ peer, running });
    } catch (error) {
      notes.add(`left out with ${tools} tools over ${over}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  return started;
}

/**
 * The mixes A to D through programs from npm, and through the gateway on the same kind of upstream, in turns: requests
 * per second of processor time, each process without the stdio upstreams that it started.
 */
export async function mixPeers(bench: Bench): Promise<MixResult> {
  const { options, runner } = bench;
  const findings = new Findings();
  for (const { name } of peers.filter((peer) => !isInstalled(peer)))
    findings.notes.add(`skipped: ${name} is not installed (npm ci --prefix bench/peers)`);
  const installed = peers.filter(isInstalled);
  for (const { name, limits } of installed) findings.notes.add(`${name}: ${limits}`);
  if (installed.length === 0) return findings.result();
  await using stack = new AsyncDisposableStack();
  bench.say('setting up the upstreams of the peers');
  const world = await openPeerWorld(bench.world);
  stack.defer(() => world.close());
  for (const one of stages) {
    const candidates = installed.filter(({ upstream }) => upstream === one.upstream);
    await using running = new AsyncDisposableStack();
    const contestants = await startAll(candidates, one, world, running, findings.notes);
    if (contestants.length === 0) continue;
    for (const cell of one.cells) {
      bench.say(`peers, ${one.upstream} upstream, mix ${cell.name}`);
      const subjects = [
        gatewaySubject(world, one, cell),
        ...contestants.map((it) => peerSubject(it.peer, it.running, one.tools, cell)),
      ];
      const figures = await interleave(runner, subjects, focus(options), options);
      findings.add(
        cell,
        contestants.map(({ peer }) => peer),
        figures,
      );
    }
  }
  return findings.result();
}
