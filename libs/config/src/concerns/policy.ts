import { z } from 'zod';
import { bool, bytes, concern, duration, int, list, setting, text } from '../setting.js';

/** Sign-in and sessions. */
export const auth = concern('Sign-in', {
  sessionIdle: setting({
    env: 'GATEHOUSE_AUTH_SESSION_IDLE',
    schema: duration(1_000, 31_536_000_000),
    default: '12h',
    description: 'A session ends after this time without use.',
  }),
  sessionAbsolute: setting({
    env: 'GATEHOUSE_AUTH_SESSION_ABSOLUTE',
    schema: duration(1_000, 31_536_000_000),
    default: '7d',
    description: 'A session ends after this time in any case.',
  }),
  argon2Memory: setting({
    env: 'GATEHOUSE_AUTH_ARGON2_MEMORY',
    schema: bytes(8 * 1024 ** 2, 4 * 1024 ** 3),
    default: '19MiB',
    description: 'Memory of one Argon2id computation (OWASP: at least 19 MiB with 2 passes).',
  }),
  argon2Passes: setting({
    env: 'GATEHOUSE_AUTH_ARGON2_PASSES',
    schema: int(1, 100),
    default: '2',
    description: 'Passes of one Argon2id computation.',
  }),
  signInAttempts: setting({
    env: 'GATEHOUSE_AUTH_SIGN_IN_ATTEMPTS',
    schema: int(1, 10_000),
    default: '10',
    description: 'Failed sign-ins per address and e-mail within the window before further ones answer RATE_LIMITED.',
  }),
  signInNetworkAttempts: setting({
    env: 'GATEHOUSE_AUTH_SIGN_IN_NETWORK_ATTEMPTS',
    schema: int(1, 1_000_000),
    default: '100',
    description:
      'Failed sign-ins from one address (IPv6: one /64), whatever the e-mail, within the window before further ones answer RATE_LIMITED.',
  }),
  signInWindow: setting({
    env: 'GATEHOUSE_AUTH_SIGN_IN_WINDOW',
    schema: duration(1_000, 86_400_000),
    default: '15m',
    description: 'The window for failed sign-ins.',
  }),
  tokenMaxTtl: setting({
    env: 'GATEHOUSE_AUTH_TOKEN_MAX_TTL',
    schema: duration(60_000, 315_360_000_000),
    default: '365d',
    description: 'Longest life that an API token may be given.',
  }),
  tokenMaxRate: setting({
    env: 'GATEHOUSE_AUTH_TOKEN_MAX_RATE',
    schema: int(1, 100_000_000),
    default: '600000',
    description: 'The most calls a minute, and at once, that an API token may be given as its own limit.',
  }),
});

/** GraphQL limits; each is accepted at the limit and refused at one more. */
export const graphql = concern('GraphQL', {
  maxDepth: setting({
    env: 'GATEHOUSE_GRAPHQL_MAX_DEPTH',
    schema: int(1, 100),
    default: '12',
    description: 'Nesting of a document.',
  }),
  maxCost: setting({
    env: 'GATEHOUSE_GRAPHQL_MAX_COST',
    schema: int(1, 10_000_000),
    default: '5000',
    description: 'Cost of a document.',
  }),
  maxAliases: setting({
    env: 'GATEHOUSE_GRAPHQL_MAX_ALIASES',
    schema: int(1, 10_000),
    default: '15',
    description: 'Aliases in a document.',
  }),
  maxTokens: setting({
    env: 'GATEHOUSE_GRAPHQL_MAX_TOKENS',
    schema: int(10, 1_000_000),
    default: '5000',
    description: 'Lexical tokens in a document.',
  }),
  maxBatch: setting({
    env: 'GATEHOUSE_GRAPHQL_MAX_BATCH',
    schema: int(1, 1_000),
    default: '10',
    description: 'Operations in one batched request.',
  }),
  maxBody: setting({
    env: 'GATEHOUSE_GRAPHQL_MAX_BODY',
    schema: bytes(1024, 1024 ** 3),
    default: '1MiB',
    description: 'Size of a request body.',
  }),
  maxPageSize: setting({
    env: 'GATEHOUSE_GRAPHQL_MAX_PAGE_SIZE',
    schema: int(1, 1_000),
    default: '100',
    description: 'Largest `first` or `last`.',
  }),
  introspection: setting({
    env: 'GATEHOUSE_GRAPHQL_INTROSPECTION',
    schema: bool(),
    default: 'false',
    description: 'Answer introspection queries.',
  }),
  operationWait: setting({
    env: 'GATEHOUSE_GRAPHQL_OPERATION_WAIT',
    schema: duration(0, 120_000),
    default: '10s',
    description: 'How long `checkUpstream` and `syncUpstream` wait for their result before they answer PENDING.',
  }),
});

/** Limits on what MCP clients send. */
export const mcp = concern('MCP requests', {
  maxBody: setting({
    env: 'GATEHOUSE_MCP_MAX_BODY',
    schema: bytes(1024, 1024 ** 3),
    default: '4MiB',
    description: 'Size of a request body.',
  }),
  maxDepth: setting({
    env: 'GATEHOUSE_MCP_MAX_DEPTH',
    schema: int(4, 10_000),
    default: '128',
    description: 'Nesting of a JSON body.',
  }),
  maxKeys: setting({
    env: 'GATEHOUSE_MCP_MAX_KEYS',
    schema: int(10, 10_000_000),
    default: '50000',
    description: 'Object keys in a JSON body.',
  }),
  maxBatch: setting({
    env: 'GATEHOUSE_MCP_MAX_BATCH',
    schema: int(1, 10_000),
    default: '50',
    description: 'Messages in a batch (revision 2025-03-26 only).',
  }),
  headersTimeout: setting({
    env: 'GATEHOUSE_MCP_HEADERS_TIMEOUT',
    schema: duration(100, 600_000),
    default: '15s',
    description: 'How long a client may take to send its headers and body.',
  }),
  keepAlive: setting({
    env: 'GATEHOUSE_MCP_KEEP_ALIVE',
    schema: duration(50, 3_600_000),
    default: '15s',
    description: 'How often a silent event stream carries a comment, so that nobody in between takes it for dead.',
  }),
  maxStreamBacklog: setting({
    env: 'GATEHOUSE_MCP_MAX_STREAM_BACKLOG',
    schema: bytes(1024, 1024 ** 3),
    default: '1MiB',
    description: 'Bytes of an event stream that may wait for a slow client.',
  }),
  slowClientTimeout: setting({
    env: 'GATEHOUSE_MCP_SLOW_CLIENT_TIMEOUT',
    schema: duration(50, 3_600_000),
    default: '30s',
    description: 'How long a client may be behind by more than the backlog before its stream is cut.',
  }),
  replayEvents: setting({
    env: 'GATEHOUSE_MCP_REPLAY_EVENTS',
    schema: int(0, 1_000_000),
    default: '1000',
    description: 'Events that one session keeps for a client that comes back with `Last-Event-ID`; 0 keeps none.',
  }),
  replayBytes: setting({
    env: 'GATEHOUSE_MCP_REPLAY_BYTES',
    schema: bytes(0, 1024 ** 3),
    default: '1MiB',
    description: 'Size of the events that one session keeps.',
  }),
  replayMemory: setting({
    env: 'GATEHOUSE_MCP_REPLAY_MEMORY',
    schema: bytes(0, 1024 ** 4),
    default: '256MiB',
    description:
      'Size of the events that all sessions of one process keep together, about 300 bytes added for each; beyond it the fullest sessions give up their oldest events.',
  }),
  replayAge: setting({
    env: 'GATEHOUSE_MCP_REPLAY_AGE',
    schema: duration(100, 86_400_000),
    default: '5m',
    description: 'How long an event is kept, and how long a client may be away before its stream is given up.',
  }),
  httpSse: setting({
    env: 'GATEHOUSE_MCP_HTTP_SSE',
    schema: bool(),
    default: 'false',
    description: 'Also serve the HTTP+SSE transport of revision 2024-11-05, at `…/sse` and `…/messages`.',
  }),
});

/** What the program dials. */
export const outbound = concern('Outbound requests', {
  allowedHosts: setting({
    env: 'GATEHOUSE_OUTBOUND_ALLOWED_HOSTS',
    schema: list(z.string()),
    default: '',
    description:
      'Private, loopback or link-local targets that upstreams may have: networks (`10.1.0.0/16`), addresses (`127.0.0.1`), host names (`mcp.internal`), each optionally with `:port`. Empty: none.',
  }),
  connectTimeout: setting({
    env: 'GATEHOUSE_OUTBOUND_CONNECT_TIMEOUT',
    schema: duration(50, 600_000),
    default: '5s',
    description: 'Time to connect to an upstream, TLS included.',
  }),
  requestTimeout: setting({
    env: 'GATEHOUSE_OUTBOUND_REQUEST_TIMEOUT',
    schema: duration(50, 3_600_000),
    default: '60s',
    description: 'Time for an upstream to answer a call completely.',
  }),
  probeTimeout: setting({
    env: 'GATEHOUSE_OUTBOUND_PROBE_TIMEOUT',
    schema: duration(50, 600_000),
    default: '8s',
    description: 'Time for one step of a health check or catalogue sync.',
  }),
  maxResponse: setting({
    env: 'GATEHOUSE_OUTBOUND_MAX_RESPONSE',
    schema: bytes(1024, 4 * 1024 ** 3),
    default: '16MiB',
    description:
      'Largest answer that is accepted from an upstream, whether it is held in memory or passed on as it comes.',
  }),
  streamAbove: setting({
    env: 'GATEHOUSE_OUTBOUND_STREAM_ABOVE',
    schema: bytes(16 * 1024, 4 * 1024 ** 3),
    default: '256KiB',
    description:
      'A JSON answer of more than this is passed on as it comes, no faster than its client reads, with names rewritten on the way; smaller ones are held whole, and so are large ones that cannot be decided about before their end (see Large answers in docs/protocol-support.md).',
  }),
  poolConnections: setting({
    env: 'GATEHOUSE_OUTBOUND_POOL_CONNECTIONS',
    schema: int(1, 10_000),
    default: '128',
    description: 'Connections to one upstream per process, event streams that wait for news not counted.',
  }),
  headersTimeout: setting({
    env: 'GATEHOUSE_OUTBOUND_HEADERS_TIMEOUT',
    schema: duration(50, 3_600_000),
    default: '60s',
    description: 'Time from sending a call to the first byte of the answer.',
  }),
  maxRequest: setting({
    env: 'GATEHOUSE_OUTBOUND_MAX_REQUEST',
    schema: duration(50, 86_400_000),
    default: '30m',
    description: 'Longest time for a call, however much progress its upstream reports.',
  }),
});

/** Reading what upstreams offer. */
export const catalog = concern('Catalogue sync', {
  maxPages: setting({
    env: 'GATEHOUSE_CATALOG_MAX_PAGES',
    schema: int(1, 100_000),
    default: '100',
    description: 'Pages read of one list of an upstream.',
  }),
  maxObjects: setting({
    env: 'GATEHOUSE_CATALOG_MAX_OBJECTS',
    schema: int(1, 1_000_000),
    default: '10000',
    description: 'Objects of one kind read from an upstream.',
  }),
  maxDefinition: setting({
    env: 'GATEHOUSE_CATALOG_MAX_DEFINITION',
    schema: bytes(1024, 64 * 1024 ** 2),
    default: '1MiB',
    description: 'Size of one definition.',
  }),
  maxSize: setting({
    env: 'GATEHOUSE_CATALOG_MAX_SIZE',
    schema: bytes(1024, 4 * 1024 ** 3),
    default: '64MiB',
    description: 'Size of all definitions of an upstream together.',
  }),
  timeout: setting({
    env: 'GATEHOUSE_CATALOG_TIMEOUT',
    schema: duration(50, 3_600_000),
    default: '2m',
    description: 'Time to read the whole catalogue of an upstream.',
  }),
  minSyncInterval: setting({
    env: 'GATEHOUSE_CATALOG_MIN_SYNC_INTERVAL',
    schema: duration(100, 3_600_000),
    default: '2s',
    description: 'Shortest time between two readings of a catalogue whose upstream keeps saying that it changed.',
  }),
});

/** Evidence. */
export const audit = concern('Audit', {
  flushInterval: setting({
    env: 'GATEHOUSE_AUDIT_FLUSH_INTERVAL',
    schema: duration(10, 60_000),
    default: '200ms',
    description: 'How often the gateway writes its buffered records.',
  }),
  bufferMax: setting({
    env: 'GATEHOUSE_AUDIT_BUFFER_MAX',
    schema: int(100, 10_000_000),
    default: '10000',
    description: 'Records held in memory before they go to the spool file.',
  }),
  spoolMax: setting({
    env: 'GATEHOUSE_AUDIT_SPOOL_MAX',
    schema: bytes(64 * 1024, 1024 ** 4),
    default: '256MiB',
    description: 'Size of the spool file that takes records while the database is away.',
  }),
  onStoreDown: setting({
    env: 'GATEHOUSE_AUDIT_ON_STORE_DOWN',
    schema: z.enum(['deny', 'drop-and-count'], 'must be deny or drop-and-count'),
    default: 'deny',
    description: 'When the spool is full, too: refuse calls, or drop records and count them in a metric.',
  }),
  checkpointInterval: setting({
    env: 'GATEHOUSE_AUDIT_CHECKPOINT_INTERVAL',
    schema: duration(1_000, 86_400_000),
    default: '1m',
    description: 'How often the heads of all chains are signed.',
  }),
  retention: setting({
    env: 'GATEHOUSE_AUDIT_RETENTION',
    schema: duration(86_400_000, 315_360_000_000),
    default: '365d',
    description: 'How long audit events are kept; whole months are dropped.',
  }),
  exportDir: setting({
    env: 'GATEHOUSE_AUDIT_EXPORT_DIR',
    schema: text().optional(),
    description: 'Where audit exports are written. Default: `<data dir>/exports`.',
  }),
  exportPage: setting({
    env: 'GATEHOUSE_AUDIT_EXPORT_PAGE',
    schema: int(1, 100_000),
    default: '1000',
    description: 'Records an export reads at a time; it resumes after the last whole page.',
  }),
});

/** How much a caller may ask for. */
export const limits = concern('Rate limits', {
  tokenPerMinute: setting({
    env: 'GATEHOUSE_LIMITS_TOKEN_PER_MINUTE',
    schema: int(0, 1_000_000_000),
    default: '6000',
    description:
      'MCP messages that one API token may send per minute, over all gateway processes together: requests, notifications, and each message of a batch. 0: no limit. A token may have a limit of its own.',
  }),
  tokenBurst: setting({
    env: 'GATEHOUSE_LIMITS_TOKEN_BURST',
    schema: int(1, 1_000_000_000),
    default: '1000',
    description: 'MCP messages that one API token may send at once after a pause.',
  }),
  onStoreDown: setting({
    env: 'GATEHOUSE_LIMITS_ON_STORE_DOWN',
    schema: z.enum(['allow', 'deny'], 'must be allow or deny'),
    default: 'allow',
    description:
      'While the store of the limits does not answer: `allow` lets each gateway process apply the whole limit by itself, so that several together may pass it; `deny` refuses calls.',
  }),
  storeTimeout: setting({
    env: 'GATEHOUSE_LIMITS_STORE_TIMEOUT',
    schema: duration(10, 60_000),
    default: '250ms',
    description: 'The longest that a call waits for the store of the limits. Most calls do not wait at all.',
  }),
  maxKeys: setting({
    env: 'GATEHOUSE_LIMITS_MAX_KEYS',
    schema: int(100, 10_000_000),
    default: '50000',
    description: 'Limited tokens that one process remembers; the least recently used gives way.',
  }),
});
