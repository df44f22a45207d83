/** One run of a referee against a server. */
export interface ServerSuite {
  readonly name: string;
  /** The package of the referee. */
  readonly referee: 'conformance-stable' | 'conformance-alpha';
  readonly args: readonly string[];
  /** What the referee speaks. */
  readonly era: 'legacy' | 'modern';
}

/** Everything that Gatehouse promises to pass as a server: the stable referee whole, the next one by revision. */
export const serverSuites: readonly ServerSuite[] = [
  { name: '0.1.16 all', referee: 'conformance-stable', args: ['--suite', 'all'], era: 'legacy' },
  {
    name: '0.2.0-alpha.12 2025-11-25',
    referee: 'conformance-alpha',
    args: ['--requirements', '2025-11-25'],
    era: 'legacy',
  },
  {
    name: '0.2.0-alpha.12 2026-07-28',
    referee: 'conformance-alpha',
    args: ['--requirements', '2026-07-28'],
    era: 'modern',
  },
];

/** The scenarios of a referee for clients at one revision. */
export interface ClientSuite {
  readonly name: string;
  readonly referee: ServerSuite['referee'];
  /** Narrows both the list of scenarios and the run. */
  readonly args: readonly string[];
}

/** Everything that is asked of Gatehouse as a client of upstreams. */
export const clientSuites: readonly ClientSuite[] = [
  { name: '0.1.16 all', referee: 'conformance-stable', args: [] },
  { name: '0.2.0-alpha.12 2025-11-25', referee: 'conformance-alpha', args: ['--spec-version', '2025-11-25'] },
  { name: '0.2.0-alpha.12 2026-07-28', referee: 'conformance-alpha', args: ['--spec-version', '2026-07-28'] },
];

const signIn =
  'Gatehouse signs in at upstreams with a stored secret; OAuth towards upstreams is a capability of its own (DAT-4).';
const skills = 'Checking the files of skills is the duty of the host that loads them; Gatehouse relays them unread.';

/** Scenarios that are not run, by the beginning of their name, with the reason. */
export const notApplicable: Readonly<Record<string, string>> = { 'auth/': signIn, 'sep-2640-client-': skills };

/** Why a scenario for clients is not run; null when it is. */
export const reasonAgainst = (scenario: string): string | null =>
  Object.entries(notApplicable).find(([beginning]) => scenario.startsWith(beginning))?.[1] ?? null;
