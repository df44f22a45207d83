import { z } from 'zod';
import { bool, bytes, concern, duration, int, list, origin, setting, text } from '../setting.js';

/** Which services this process runs, and how it stops. */
export const server = concern('Server', {
  services: setting({
    env: 'GATEHOUSE_SERVICES',
    schema: z
      .string()
      .transform((value) => (value === 'all' ? 'control-plane,gateway,worker' : value))
      .pipe(
        list(z.enum(['control-plane', 'gateway', 'worker'], 'must be all, or any of control-plane, gateway, worker')),
      )
      .refine((services) => services.length > 0, 'must name at least one service'),
    default: 'all',
    description: 'Which services run in this process: `all`, or any of `control-plane,gateway,worker`.',
  }),
  dataDir: setting({
    env: 'GATEHOUSE_DATA_DIR',
    schema: text(),
    default: './.gatehouse',
    description: 'Where the embedded database, generated keys, the audit spool and exports lie.',
  }),
  minFreeDisk: setting({
    env: 'GATEHOUSE_SERVER_MIN_FREE_DISK',
    schema: bytes(0, 1024 ** 5),
    default: '256MiB',
    description: 'Free space below the data directory that `gatehouse doctor` asks for.',
  }),
  maxClockSkew: setting({
    env: 'GATEHOUSE_SERVER_MAX_CLOCK_SKEW',
    schema: duration(0, 3_600_000),
    default: '5s',
    description:
      'How far the clocks of this machine and of the database may differ before `gatehouse doctor` complains.',
  }),
  drainDelay: setting({
    env: 'GATEHOUSE_SERVER_DRAIN_DELAY',
    schema: duration(0, 300_000),
    default: '0ms',
    description:
      'After a stop signal: how long to keep accepting while `/readyz` already says 503, for load balancers.',
  }),
  drainTimeout: setting({
    env: 'GATEHOUSE_SERVER_DRAIN_TIMEOUT',
    schema: duration(0, 600_000),
    default: '25s',
    description: 'After a stop signal: how long requests in flight may take before they are cut.',
  }),
});

/** The GraphQL service. */
export const controlPlane = concern('Control plane', {
  host: setting({
    env: 'GATEHOUSE_CONTROL_PLANE_HOST',
    schema: text(),
    default: '127.0.0.1',
    description: 'Address to bind.',
  }),
  port: setting({
    env: 'GATEHOUSE_CONTROL_PLANE_PORT',
    schema: int(0, 65_535),
    default: '4000',
    description: 'Port to bind; 0 takes a free one.',
  }),
  publicUrl: setting({
    env: 'GATEHOUSE_CONTROL_PLANE_PUBLIC_URL',
    schema: origin().optional(),
    description: 'The origin that browsers use. Default: `http://127.0.0.1:<port>`.',
  }),
  trustProxy: setting({
    env: 'GATEHOUSE_CONTROL_PLANE_TRUST_PROXY',
    schema: list(z.string()),
    default: '',
    description: 'Addresses or networks (CIDR) of reverse proxies whose `X-Forwarded-For` is believed.',
  }),
  securityContact: setting({
    env: 'GATEHOUSE_CONTROL_PLANE_SECURITY_CONTACT',
    schema: z
      .string()
      .regex(/^(https:\/\/|mailto:|tel:)[^\s]+$/, 'must be a URI: https://…, mailto:… or tel:…')
      .optional(),
    description:
      'Contact in `/.well-known/security.txt` (RFC 9116). Default: `mailto:security@<host of the public URL>` (RFC 2142).',
  }),
});

/** The MCP data plane. */
export const gateway = concern('Gateway', {
  host: setting({
    env: 'GATEHOUSE_GATEWAY_HOST',
    schema: text(),
    default: '127.0.0.1',
    description: 'Address to bind.',
  }),
  port: setting({
    env: 'GATEHOUSE_GATEWAY_PORT',
    schema: int(0, 65_535),
    default: '4100',
    description: 'Port to bind; 0 takes a free one.',
  }),
  publicUrls: setting({
    env: 'GATEHOUSE_GATEWAY_PUBLIC_URLS',
    schema: list(origin()),
    default: '',
    description:
      'Origins under which MCP clients reach the gateway; the only ones accepted and echoed. Default: `http://127.0.0.1:<port>` and `http://localhost:<port>`. The first is the audience of API tokens.',
  }),
  allowedOrigins: setting({
    env: 'GATEHOUSE_GATEWAY_ALLOWED_ORIGINS',
    schema: list(origin()),
    default: '',
    description: 'Browser origins, beside the public URLs, that may call the MCP routes.',
  }),
  processes: setting({
    env: 'GATEHOUSE_GATEWAY_PROCESSES',
    schema: int(1, 256),
    default: '1',
    description:
      'Gateway processes behind the one port. 1: the gateway runs in the process of the other services. Each further one takes a processor core and its own database connections.',
  }),
  internalHost: setting({
    env: 'GATEHOUSE_GATEWAY_INTERNAL_HOST',
    schema: text(),
    default: '127.0.0.1',
    description:
      'Address to bind for the other gateway processes of this installation, which hand over requests whose session lives here. Gateways on several machines or in several containers need an address that the others reach.',
  }),
  internalPort: setting({
    env: 'GATEHOUSE_GATEWAY_INTERNAL_PORT',
    schema: int(0, 65_535),
    default: '0',
    description:
      'Port for the other gateway processes; 0 takes a free one. Of several processes the second takes the next port, and so on.',
  }),
  internalAddress: setting({
    env: 'GATEHOUSE_GATEWAY_INTERNAL_ADDRESS',
    schema: z
      .string()
      .regex(/^[A-Za-z0-9_.:-]+$/, 'must be a host name or an IP address, without port')
      .optional(),
    description:
      'Host name or address under which the other gateway processes reach this one. Default: the bound address; the name of the machine where that is `0.0.0.0` or `::`.',
  }),
  heartbeat: setting({
    env: 'GATEHOUSE_GATEWAY_HEARTBEAT',
    schema: duration(100, 60_000),
    default: '5s',
    description:
      'How often a gateway process says in the database that it lives; after three missed beats the others count it as gone.',
  }),
  snapshotSweep: setting({
    env: 'GATEHOUSE_GATEWAY_SNAPSHOT_SWEEP',
    schema: duration(50, 60_000),
    default: '500ms',
    description: 'How often the gateway asks for new configuration revisions when no notification came.',
  }),
  snapshotStaleAfter: setting({
    env: 'GATEHOUSE_GATEWAY_SNAPSHOT_STALE_AFTER',
    schema: duration(1_000, 86_400_000),
    default: '60s',
    description:
      'Without the database for this long the gateway fails closed: calls are refused, and streams and running calls end.',
  }),
  readyGrace: setting({
    env: 'GATEHOUSE_GATEWAY_READY_GRACE',
    schema: duration(0, 600_000),
    default: '5s',
    description: 'Without the database for this long, `/readyz` answers 503.',
  }),
  pageSize: setting({
    env: 'GATEHOUSE_GATEWAY_PAGE_SIZE',
    schema: int(1, 10_000),
    default: '1000',
    description: 'Objects on one page of an MCP list.',
  }),
  maxUpstreamSessions: setting({
    env: 'GATEHOUSE_GATEWAY_MAX_UPSTREAM_SESSIONS',
    schema: int(1, 1_000_000),
    default: '10000',
    description: 'Legacy upstream sessions kept open per process; the least recently used one is closed first.',
  }),
  upstreamSessionIdle: setting({
    env: 'GATEHOUSE_GATEWAY_UPSTREAM_SESSION_IDLE',
    schema: duration(1_000, 86_400_000),
    default: '5m',
    description: 'An unused legacy upstream session is closed after this time.',
  }),
  parkedCallTtl: setting({
    env: 'GATEHOUSE_GATEWAY_PARKED_CALL_TTL',
    schema: duration(100, 86_400_000),
    default: '10m',
    description:
      'How long a call waits for the input that its client was asked for (2026-07-28) before it is cancelled.',
  }),
  maxParkedCalls: setting({
    env: 'GATEHOUSE_GATEWAY_MAX_PARKED_CALLS',
    schema: int(1, 1_000_000),
    default: '100',
    description: 'Calls of one token that may wait for input at the same time; one more is answered with 429.',
  }),
  maxInputRounds: setting({
    env: 'GATEHOUSE_GATEWAY_MAX_INPUT_ROUNDS',
    schema: int(1, 1000),
    default: '8',
    description: 'How often an upstream may ask a legacy client for input within one call.',
  }),
  inputTimeout: setting({
    env: 'GATEHOUSE_GATEWAY_INPUT_TIMEOUT',
    schema: duration(100, 86_400_000),
    default: '10m',
    description: 'How long a legacy client may take to answer one request of an upstream.',
  }),
  maxListeners: setting({
    env: 'GATEHOUSE_GATEWAY_MAX_LISTENERS',
    schema: int(1, 100_000),
    default: '64',
    description: 'Streams of `subscriptions/listen` that one token may have open per gateway process.',
  }),
  maxSubscriptions: setting({
    env: 'GATEHOUSE_GATEWAY_MAX_SUBSCRIPTIONS',
    schema: int(1, 100_000),
    default: '256',
    description:
      'Resources that one session, and resources and tasks that one `subscriptions/listen`, may be subscribed to.',
  }),
  maxClientSessions: setting({
    env: 'GATEHOUSE_GATEWAY_MAX_CLIENT_SESSIONS',
    schema: int(1, 10_000_000),
    default: '50000',
    description:
      'Sessions of legacy MCP clients kept per process; the least recently used idle one ends for a new one.',
  }),
  maxClientSessionsPerToken: setting({
    env: 'GATEHOUSE_GATEWAY_MAX_CLIENT_SESSIONS_PER_TOKEN',
    schema: int(1, 10_000_000),
    default: '20000',
    description: 'Sessions of one API token per process; the least recently used idle one ends for a new one.',
  }),
  clientSessionIdle: setting({
    env: 'GATEHOUSE_GATEWAY_CLIENT_SESSION_IDLE',
    schema: duration(500, 2_592_000_000),
    default: '4h',
    description:
      'A session of a legacy MCP client without stream and without request ends after this time; its client begins a new one.',
  }),
});

/** The job runner. */
export const worker = concern('Worker', {
  host: setting({
    env: 'GATEHOUSE_WORKER_HOST',
    schema: text(),
    default: '127.0.0.1',
    description: 'Address of the health endpoint.',
  }),
  port: setting({
    env: 'GATEHOUSE_WORKER_PORT',
    schema: int(0, 65_535),
    default: '4200',
    description: 'Port of the health endpoint; 0 takes a free one.',
  }),
  concurrency: setting({
    env: 'GATEHOUSE_WORKER_CONCURRENCY',
    schema: int(1, 100),
    default: '5',
    description: 'Jobs of one queue that run at the same time in this process.',
  }),
  retryAttempts: setting({
    env: 'GATEHOUSE_WORKER_RETRY_ATTEMPTS',
    schema: int(1, 100),
    default: '5',
    description: 'Tries of a failing job before it is given up.',
  }),
  retryDelay: setting({
    env: 'GATEHOUSE_WORKER_RETRY_DELAY',
    schema: duration(10, 3_600_000),
    default: '1s',
    description: 'Pause before the second try of a job; doubled for each further one.',
  }),
  reconnectMaxDelay: setting({
    env: 'GATEHOUSE_WORKER_RECONNECT_MAX_DELAY',
    schema: duration(100, 600_000),
    default: '5s',
    description: 'Longest pause between tries to reach the job store again.',
  }),
  healthInterval: setting({
    env: 'GATEHOUSE_WORKER_HEALTH_INTERVAL',
    schema: duration(500, 86_400_000),
    default: '30s',
    description: 'How often each enabled upstream is checked.',
  }),
  syncInterval: setting({
    env: 'GATEHOUSE_WORKER_SYNC_INTERVAL',
    schema: duration(1_000, 86_400_000),
    default: '10m',
    description: 'How often the catalogue of each enabled upstream is read again.',
  }),
  healthHistory: setting({
    env: 'GATEHOUSE_WORKER_HEALTH_HISTORY',
    schema: duration(60_000, 31_536_000_000),
    default: '7d',
    description: 'How long single health check results are kept.',
  }),
  operationHistory: setting({
    env: 'GATEHOUSE_WORKER_OPERATION_HISTORY',
    schema: duration(60_000, 31_536_000_000),
    default: '1d',
    description: 'How long the results of `checkUpstream` and `syncUpstream` are kept.',
  }),
  changeHistory: setting({
    env: 'GATEHOUSE_WORKER_CHANGE_HISTORY',
    schema: duration(60_000, 31_536_000_000),
    default: '1h',
    description:
      'How long configuration revisions are kept; a gateway that was away for longer reads the whole configuration again.',
  }),
});

/** Prometheus metrics. */
export const metrics = concern('Metrics', {
  enabled: setting({
    env: 'GATEHOUSE_METRICS_ENABLED',
    schema: bool(),
    default: 'true',
    description: 'Serve `/metrics`.',
  }),
  host: setting({
    env: 'GATEHOUSE_METRICS_HOST',
    schema: text(),
    default: '127.0.0.1',
    description: 'Address to bind.',
  }),
  port: setting({
    env: 'GATEHOUSE_METRICS_PORT',
    schema: int(0, 65_535),
    default: '9464',
    description: 'Port to bind; 0 takes a free one.',
  }),
});

/** Logs. */
export const log = concern('Logs', {
  level: setting({
    env: 'GATEHOUSE_LOG_LEVEL',
    schema: z.enum(
      ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'],
      'must be trace, debug, info, warn, error, fatal or silent',
    ),
    default: 'info',
    description: 'The least severe level that is written.',
  }),
});
