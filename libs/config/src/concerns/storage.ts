import { z } from 'zod';
import { concern, duration, int, setting, text } from '../setting.js';

/** Only the scheme is checked here; the driver's own parser reports precise problems (sockets, TLS modes, unknown parameters). */
const postgresUrl = () =>
  z.string().regex(/^postgres(ql)?:\/\//, 'must be a URL such as postgres://user:password@host:5432/gatehouse');

/** PostgreSQL. */
export const database = concern('Database', {
  url: setting({
    env: 'DATABASE_URL',
    schema: postgresUrl().optional(),
    secret: true,
    description:
      'PostgreSQL 15 or newer. Absent: an embedded PostgreSQL runs under `GATEHOUSE_DATA_DIR`. `sslmode` (disable, prefer, require, verify-ca, verify-full), `sslrootcert`, `sslcert`, `sslkey` are honoured.',
  }),
  ownerUrl: setting({
    env: 'GATEHOUSE_DATABASE_OWNER_URL',
    schema: postgresUrl().optional(),
    secret: true,
    description: 'A separate login for migrations. Default: `DATABASE_URL`.',
  }),
  appUrl: setting({
    env: 'GATEHOUSE_DATABASE_APP_URL',
    schema: postgresUrl().optional(),
    secret: true,
    description: 'A separate login for GraphQL reads and writes (role `gatehouse_app`). Default: `DATABASE_URL`.',
  }),
  systemUrl: setting({
    env: 'GATEHOUSE_DATABASE_SYSTEM_URL',
    schema: postgresUrl().optional(),
    secret: true,
    description:
      'A separate login for the snapshot reader, audit writer and job dispatcher (role `gatehouse_system`). Default: `DATABASE_URL`.',
  }),
  appPoolMax: setting({
    env: 'GATEHOUSE_DATABASE_APP_POOL_MAX',
    schema: int(1, 200),
    default: '10',
    description: 'Connections for GraphQL per process.',
  }),
  systemPoolMax: setting({
    env: 'GATEHOUSE_DATABASE_SYSTEM_POOL_MAX',
    schema: int(2, 200),
    default: '6',
    description: 'Connections for the snapshot reader, audit writer and sign-in look-ups per process.',
  }),
  connectTimeout: setting({
    env: 'GATEHOUSE_DATABASE_CONNECT_TIMEOUT',
    schema: duration(100, 600_000),
    default: '5s',
    description: 'How long one connection attempt may take.',
  }),
  statementTimeout: setting({
    env: 'GATEHOUSE_DATABASE_STATEMENT_TIMEOUT',
    schema: duration(100, 3_600_000),
    default: '30s',
    description: 'How long one statement may run before PostgreSQL cancels it.',
  }),
  startTimeout: setting({
    env: 'GATEHOUSE_DATABASE_START_TIMEOUT',
    schema: duration(0, 3_600_000),
    default: '30s',
    description: 'How long a starting process waits for a database that does not answer yet.',
  }),
  migrationWait: setting({
    env: 'GATEHOUSE_DATABASE_MIGRATION_WAIT',
    schema: duration(0, 3_600_000),
    default: '60s',
    description: 'How long a process without the control plane waits for another one to migrate.',
  }),
});

/** Redis, the scale-out path for jobs and rate limits. */
export const redis = concern('Redis', {
  url: setting({
    env: 'REDIS_URL',
    schema: z
      .string()
      .refine(
        (value) => URL.canParse(value) && ['redis:', 'rediss:'].includes(new URL(value).protocol),
        'must be a URL such as redis://host:6379',
      )
      .optional(),
    secret: true,
    description:
      'When set, jobs and rate limits live in Redis instead of PostgreSQL. `rediss://` is TLS with a checked certificate; name a private authority in `NODE_EXTRA_CA_CERTS`.',
  }),
  keyPrefix: setting({
    env: 'GATEHOUSE_REDIS_KEY_PREFIX',
    schema: text(),
    default: 'gatehouse:',
    description: 'What the names of all rate limit keys in Redis begin with. Jobs use `bull:`.',
  }),
});

/** Key material. */
export const keys = concern('Keys', {
  masterKey: setting({
    env: 'GATEHOUSE_MASTER_KEY',
    schema: z
      .string()
      .refine(
        (value) => Buffer.from(value, 'base64').length === 32 && /^[A-Za-z0-9+/]+=*$/.test(value),
        'must be 32 random bytes in base64 (`openssl rand -base64 32`)',
      )
      .optional(),
    secret: true,
    description:
      'The root of all keys: 32 random bytes in base64. Required with `DATABASE_URL`; else generated at `<data dir>/master.key`.',
  }),
});

/** The first administrator. */
export const admin = concern('First administrator', {
  email: setting({
    env: 'GATEHOUSE_ADMIN_EMAIL',
    schema: z.email('must be an e-mail address').optional(),
    description:
      'Creates the first administrator at first start, instead of the one-time link. Needs the password, too.',
  }),
  password: setting({
    env: 'GATEHOUSE_ADMIN_PASSWORD',
    schema: z
      .string()
      .min(12, 'must have at least 12 characters')
      .max(256, 'must have at most 256 characters')
      .optional(),
    secret: true,
    description: 'Password of the first administrator; at least 12 characters.',
  }),
  setupLinkTtl: setting({
    env: 'GATEHOUSE_ADMIN_SETUP_LINK_TTL',
    schema: duration(1_000, 604_800_000),
    default: '1h',
    description:
      'How long the printed one-time link is valid; a restart prints a new one while there is no administrator.',
  }),
  organization: setting({
    env: 'GATEHOUSE_ADMIN_ORGANIZATION',
    schema: text(),
    default: 'default',
    description: 'Slug of the organization that the first start creates; the default organization of sign-in.',
  }),
});
