import { InvalidArgumentError } from 'commander';
import { usage } from '../command-failure.js';

/** One header with a fixed value. */
export interface FixedHeader {
  readonly name: string;
  readonly value: string;
}

/** A header that an upstream takes over from clients, under its own or another name. */
export interface ForwardedHeader {
  readonly from: string;
  readonly to?: string;
}

/** Options that say how an upstream is reached. */
export interface ReachOptions {
  readonly transport?: keyof typeof transports;
  readonly era?: keyof typeof eras;
  readonly command?: string;
  readonly shared?: true;
  readonly timeout?: string;
  readonly connectTimeout?: string;
  readonly headersTimeout?: string;
  readonly maxTime?: string;
  readonly header: readonly FixedHeader[];
  readonly forwardHeader: readonly ForwardedHeader[];
}

/** The input fields for {@link ReachOptions}; what is absent is left to the server. */
export interface ReachInput {
  readonly transport?: (typeof transports)[keyof typeof transports];
  readonly protocolEra?: (typeof eras)[keyof typeof eras];
  readonly url?: string;
  readonly command?: string;
  readonly shared?: boolean;
  readonly requestTimeout?: string;
  readonly connectTimeout?: string;
  readonly headersTimeout?: string;
  readonly maxRequestTime?: string;
  readonly headers?: readonly FixedHeader[];
  readonly forwardedHeaders?: readonly ForwardedHeader[];
}

const transports = { http: 'STREAMABLE_HTTP', sse: 'SSE', stdio: 'STDIO' } as const;
const eras = { auto: 'AUTO', legacy: 'LEGACY', modern: 'MODERN' } as const;

/** One more `Name: value`, as an option of commander that may come several times. */
export function parseHeader(text: string, before: readonly FixedHeader[]): readonly FixedHeader[] {
  const [name = '', ...rest] = text.split(':');
  if (rest.length === 0 || name.trim() === '')
    throw new InvalidArgumentError('It must be "Name: value"; the header of a credential goes into --secret-header.');
  return [...before, { name: name.trim(), value: rest.join(':').trim() }];
}

/** One more `Name` or `Name=Other-Name`, as an option of commander that may come several times. */
export function parseForwardedHeader(text: string, before: readonly ForwardedHeader[]): readonly ForwardedHeader[] {
  const [from = '', to, ...rest] = text.split('=').map((name) => name.trim());
  if (from === '' || to === '' || rest.length > 0)
    throw new InvalidArgumentError('It must be "Name", or "Name=Other-Name" for another name at the upstream.');
  return [...before, to === undefined ? { from } : { from, to }];
}

/** A length of time as the API spells it, as an option of commander. */
export function parseTimeout(text: string): string {
  if (!/^[1-9]\d{0,11}(ms|s|m|h)$/.test(text))
    throw new InvalidArgumentError('It must be a time such as 500ms, 90s or 5m.');
  return text;
}

/** The input fields for an address and these options. @throws CommandFailure for what cannot go together */
export function reachInput(url: string | undefined, options: ReachOptions): ReachInput {
  const { command, connectTimeout, era, forwardHeader, header, headersTimeout, maxTime, shared, timeout } = options;
  const transport = options.transport ?? (command === undefined ? 'http' : 'stdio');
  if (transport === 'stdio') {
    if (command === undefined) throw usage('--transport stdio needs --command NAME.');
    if (url !== undefined) throw usage('A stdio upstream has a command and no address; leave the address out.');
  } else {
    if (command !== undefined) throw usage(`--command goes with --transport stdio, not ${transport}.`);
    if (shared) throw usage(`--shared goes with --transport stdio, not ${transport}.`);
    if (url === undefined) throw usage('Give the address of the MCP endpoint, or --command NAME for stdio.');
  }
  if (transport === 'sse' && era === 'modern')
    throw usage('--era modern does not go with --transport sse: HTTP+SSE is of the legacy era only.');
  return {
    transport: transports[transport],
    ...(era === undefined ? {} : { protocolEra: eras[era] }),
    ...(url === undefined ? {} : { url }),
    ...(command === undefined ? {} : { command, shared: shared ?? false }),
    ...(timeout === undefined ? {} : { requestTimeout: timeout }),
    ...(connectTimeout === undefined ? {} : { connectTimeout }),
    ...(headersTimeout === undefined ? {} : { headersTimeout }),
    ...(maxTime === undefined ? {} : { maxRequestTime: maxTime }),
    ...(header.length === 0 ? {} : { headers: header }),
    ...(forwardHeader.length === 0 ? {} : { forwardedHeaders: forwardHeader }),
  };
}
