import { InvalidArgumentError } from 'commander';
import { usage } from '../command-failure.js';

/** One header with a fixed value. */
export interface FixedHeader {
  readonly name: string;
  readonly value: string;
}

/** Options that say how an upstream is reached. */
export interface ReachOptions {
  readonly transport?: keyof typeof transports;
  readonly command?: string;
  readonly shared?: true;
  readonly timeout?: string;
  readonly header: readonly FixedHeader[];
}

/** The input fields for {@link ReachOptions}; what is absent is left to the server. */
export interface ReachInput {
  readonly transport?: (typeof transports)[keyof typeof transports];
  readonly url?: string;
  readonly command?: string;
  readonly shared?: boolean;
  readonly requestTimeout?: string;
  readonly headers?: readonly FixedHeader[];
}

const transports = { http: 'STREAMABLE_HTTP', sse: 'SSE', stdio: 'STDIO' } as const;

/** One more `Name: value`, as an option of commander that may come several times. */
export function parseHeader(text: string, before: readonly FixedHeader[]): readonly FixedHeader[] {
  const [name = '', ...rest] = text.split(':');
  if (rest.length === 0 || name.trim() === '')
    throw new InvalidArgumentError('It must be "Name: value"; the header of a credential goes into --secret-header.');
  return [...before, { name: name.trim(), value: rest.join(':').trim() }];
}

/** A length of time as the API spells it, as an option of commander. */
export function parseTimeout(text: string): string {
  if (!/^[1-9]\d{0,11}(ms|s|m|h)$/.test(text))
    throw new InvalidArgumentError('It must be a time such as 500ms, 90s or 5m.');
  return text;
}

/** The input fields for an address and these options. @throws CommandFailure for what cannot go together */
export function reachInput(url: string | undefined, options: ReachOptions): ReachInput {
  const { command, shared, timeout, header } = options;
  const transport = options.transport ?? (command === undefined ? 'http' : 'stdio');
  if (transport === 'stdio') {
    if (command === undefined) throw usage('--transport stdio needs --command NAME.');
    if (url !== undefined) throw usage('A stdio upstream has a command and no address; leave the address out.');
  } else {
    if (command !== undefined) throw usage(`--command goes with --transport stdio, not ${transport}.`);
    if (shared) throw usage(`--shared goes with --transport stdio, not ${transport}.`);
    if (url === undefined) throw usage('Give the address of the MCP endpoint, or --command NAME for stdio.');
  }
  return {
    transport: transports[transport],
    ...(url === undefined ? {} : { url }),
    ...(command === undefined ? {} : { command, shared: shared ?? false }),
    ...(timeout === undefined ? {} : { requestTimeout: timeout }),
    ...(header.length === 0 ? {} : { headers: header }),
  };
}
