import { DomainError } from '#kernel';

const unreachable = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EHOSTDOWN',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ENOENT',
  'EACCES',
]);

/** SQLSTATEs (PostgreSQL appendix A) that mean "no usable connection", each with its own remedy. */
const remedies: Readonly<Record<string, string>> = {
  '28P01': 'Correct the user or password in DATABASE_URL.',
  '28000': 'Correct the user, or the TLS mode, in DATABASE_URL, or allow the connection in pg_hba.conf.',
  '3D000': 'Create the database, or correct its name in DATABASE_URL.',
  '42501': 'Grant the role to the login of DATABASE_URL, or use a login that is a member of it.',
  '53300': 'Raise max_connections of PostgreSQL, or lower the GATEHOUSE_DATABASE_*_POOL_MAX settings.',
  '53100': 'Free disk space on the database server.',
  '57P01': 'PostgreSQL is stopping or was restarted; wait for it, or correct DATABASE_URL.',
  '57P02': 'PostgreSQL is recovering from a crash; wait for it, or look at its log.',
  '57P03': 'PostgreSQL is starting or recovering; wait for it, or look at its log.',
};

const tlsCode = /^(ERR_TLS_|ERR_SSL_|CERT_|DEPTH_ZERO_SELF_SIGNED|SELF_SIGNED|UNABLE_TO_|HOSTNAME_MISMATCH)/;
const lostMessage =
  /^(Connection terminated|Client has encountered a connection error|timeout exceeded when trying to connect|Query read timeout|timeout expired)/;
const tlsMessage = /does not support SSL connections|error establishing an SSL connection/;

interface DriverError extends Error {
  code?: string;
  syscall?: string;
}

const isError = (value: unknown): value is DriverError => value instanceof Error;

/** No message of the driver holds the password today; a connection string in one is cut all the same. */
const withoutSecrets = (text: string): string => text.replace(/postgres(ql)?:\/\/\S+/gi, 'postgres://…');

const unavailable = (error: DriverError, remedy: string): DomainError =>
  new DomainError('DATABASE_UNAVAILABLE', `The database does not answer: ${describe(error)}. ${remedy}`, {
    cause: error,
  });

/** Dual-stack hosts fail with an AggregateError of empty message. */
function describe(error: DriverError): string {
  const inner = error instanceof AggregateError ? error.errors.filter(isError).map((each) => each.message) : [];
  const text = error.message || inner.join('; ') || error.code || error.name;
  return withoutSecrets(text).replace(/[.\s]+$/, '');
}

/**
 * What a failure of the driver means to an operator: a {@link DomainError} for every failure to connect or stay
 * connected (DATABASE_UNAVAILABLE, DATABASE_NOT_MIGRATED, DATABASE_POOLER_UNSUPPORTED), else the error itself.
 */
export function toDomainError(error: unknown): unknown {
  if (!isError(error) || error instanceof DomainError) return error;
  const code = error.code ?? '';
  if (/unsupported startup parameter/.test(error.message)) {
    return new DomainError(
      'DATABASE_POOLER_UNSUPPORTED',
      'A pooler before the database refuses the start-up option that enters a role. Point DATABASE_URL at PostgreSQL itself.',
      { cause: error },
    );
  }
  if (code === '22023' && /^role ".*" does not exist|parameter "role"/.test(error.message)) {
    return new DomainError(
      'DATABASE_NOT_MIGRATED',
      `The database lacks the roles of Gatehouse (${describe(error)}). Run \`gatehouse migrate\`, or start a process with the control plane.`,
      { cause: error },
    );
  }
  if (code === '42501' && !/permission denied to set role|parameter "role"/.test(error.message)) return error;
  const remedy = remedies[code] ?? (code.startsWith('08') ? 'Start PostgreSQL, or correct DATABASE_URL.' : undefined);
  if (remedy !== undefined) return unavailable(error, remedy);
  if (tlsCode.test(code) || tlsMessage.test(error.message)) {
    return unavailable(error, 'Check sslmode, sslrootcert, sslcert and sslkey in DATABASE_URL.');
  }
  if ((code === 'ENOENT' || code === 'EACCES') && error.syscall !== 'connect') return error;
  if (unreachable.has(code) || lostMessage.test(error.message)) {
    return unavailable(error, 'Start PostgreSQL, or correct DATABASE_URL.');
  }
  return error;
}
