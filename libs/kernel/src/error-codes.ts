/** How one error code is answered on each surface. */
export interface ErrorCodeEntry {
  /** HTTP status where the error is the whole answer. */
  readonly http: number;
  /** `extensions.code` in GraphQL. */
  readonly graphql: string;
  /** JSON-RPC code on MCP routes; private codes lie outside -32768…-32000. */
  readonly jsonRpc: number;
  /** One sentence for docs/errors.md: what it means. */
  readonly meaning: string;
  /** What the reader can do. */
  readonly remedy: string;
}

const entry = (http: number, graphql: string, jsonRpc: number, meaning: string, remedy: string): ErrorCodeEntry => ({
  http,
  graphql,
  jsonRpc,
  meaning,
  remedy,
});

const upstream = (meaning: string, remedy: string) => entry(200, 'UPSTREAM_FAILED', -31002, meaning, remedy);

/** The one registry of error codes. `docs/errors.md` is generated from it. */
export const errorCodes = {
  UNAUTHENTICATED: entry(
    401,
    'UNAUTHENTICATED',
    -31000,
    'No credential, or one that is not valid.',
    'Sign in, or send a live API token as `Authorization: Bearer gth_…`.',
  ),
  CSRF: entry(
    403,
    'FORBIDDEN',
    -31000,
    'A cookie-authenticated mutation came without the CSRF header of its session.',
    'Send `x-gatehouse-csrf` with the value of `viewer.csrfToken`.',
  ),
  FORBIDDEN: entry(
    403,
    'FORBIDDEN',
    -31003,
    'The caller may see this but may not do that.',
    'Ask an administrator for the role that grants it.',
  ),
  NOT_FOUND: entry(
    404,
    'NOT_FOUND',
    -32602,
    'It does not exist, or the caller may not see it.',
    'Check the id or slug.',
  ),
  BAD_USER_INPUT: entry(
    400,
    'BAD_USER_INPUT',
    -32602,
    'An argument is malformed or out of bounds.',
    'Correct the field that the message names.',
  ),
  CONFLICT: entry(
    409,
    'CONFLICT',
    -32602,
    'The change collides with something that exists.',
    'Choose another value, or change the existing object.',
  ),
  RATE_LIMITED: entry(429, 'RATE_LIMITED', -31001, 'Too many requests.', 'Wait for the time in `Retry-After`.'),
  QUERY_TOO_COMPLEX: entry(
    400,
    'BAD_USER_INPUT',
    -32600,
    'The GraphQL document passes a limit of depth, cost, aliases, tokens or batch size.',
    'Ask for less at once, or raise the `GATEHOUSE_GRAPHQL_*` limit.',
  ),
  PAYLOAD_TOO_LARGE: entry(
    413,
    'BAD_USER_INPUT',
    -32600,
    'The request body is larger than allowed.',
    'Send less, or raise the body limit of that service.',
  ),
  MALFORMED_REQUEST: entry(
    400,
    'BAD_USER_INPUT',
    -32600,
    'The request is not a well-formed message.',
    'Correct the message as the text says.',
  ),
  PARSE_ERROR: entry(
    400,
    'BAD_USER_INPUT',
    -32700,
    'The body is not JSON that this program accepts (syntax, depth, duplicate or forbidden keys).',
    'Send plain JSON.',
  ),
  UNKNOWN_METHOD: entry(
    404,
    'BAD_USER_INPUT',
    -32601,
    'The MCP method does not exist or is not relayed.',
    'See docs/protocol-support.md for the methods that are relayed.',
  ),
  HEADER_MISMATCH: entry(
    400,
    'BAD_USER_INPUT',
    -32020,
    'An MCP header does not say what the body says.',
    'Send `MCP-Protocol-Version`, `Mcp-Method` and `Mcp-Name` equal to the body.',
  ),
  UNSUPPORTED_PROTOCOL_VERSION: entry(
    400,
    'BAD_USER_INPUT',
    -32022,
    'The MCP revision asked for is not spoken here.',
    'Use one of the revisions in the answer.',
  ),
  SERVICE_STALE: entry(
    503,
    'INTERNAL',
    -31004,
    'The gateway has lost the database for longer than it may serve old rules.',
    'Restore the database; the gateway recovers by itself.',
  ),
  UPSTREAM_UNREACHABLE: upstream(
    'The upstream host cannot be resolved or routed to.',
    'Check the host name and the network.',
  ),
  UPSTREAM_REFUSED: upstream(
    'The upstream refused or reset the connection.',
    'Check that the server runs and the port is right.',
  ),
  UPSTREAM_TLS: upstream(
    'The TLS handshake with the upstream failed.',
    'Check the certificate, its host name and its authority.',
  ),
  UPSTREAM_TIMEOUT: upstream('The upstream did not answer in time.', 'Check the upstream, or raise its timeout.'),
  UPSTREAM_REDIRECT: upstream(
    'The upstream answered with a redirect, which is not followed.',
    'Register the final address.',
  ),
  UPSTREAM_UNAUTHORIZED: upstream(
    'The upstream wants a credential (401).',
    'Set or replace the credential of the upstream.',
  ),
  UPSTREAM_FORBIDDEN: upstream(
    'The upstream refused the credential (403).',
    'Check what the credential of the upstream may do.',
  ),
  UPSTREAM_SERVER_ERROR: upstream('The upstream answered with a 5xx status.', 'Look at the log of the upstream.'),
  UPSTREAM_NOT_JSON: upstream(
    'The upstream answered with something that is not JSON.',
    'Check that the address is an MCP endpoint.',
  ),
  UPSTREAM_NOT_MCP: upstream(
    'The upstream answered, but not as an MCP server.',
    'Check that the address is an MCP endpoint (often it ends in /mcp).',
  ),
  UPSTREAM_UNSUPPORTED_VERSION: upstream(
    'The upstream speaks no MCP revision that this program speaks.',
    'Upgrade the upstream.',
  ),
  UPSTREAM_BLOCKED_ADDRESS: upstream(
    'The upstream address is private, local or reserved, and not on the allow list.',
    'Add the host or network to GATEHOUSE_OUTBOUND_ALLOWED_HOSTS if it is meant.',
  ),
  UPSTREAM_TOO_LARGE: upstream(
    'The upstream answered with more than the allowed size.',
    'Raise GATEHOUSE_OUTBOUND_MAX_RESPONSE if it is meant.',
  ),
  UPSTREAM_CATALOG_INVALID: upstream(
    'The upstream lists objects that break the protocol (too many pages, a repeated cursor, no name).',
    'Mend the upstream; the last good catalogue stays in use.',
  ),
  CONFIGURATION_INVALID: entry(
    500,
    'INTERNAL',
    -32603,
    'The configuration has problems; every one is listed.',
    'Correct the settings that the message names; see docs/configuration.md.',
  ),
  PORT_IN_USE: entry(
    500,
    'INTERNAL',
    -32603,
    'Another program listens on the port.',
    'Stop it, or set the port that the message names.',
  ),
  DATA_DIR_IN_USE: entry(
    500,
    'INTERNAL',
    -32603,
    'Another Gatehouse runs on the same data directory.',
    'Stop it, or set GATEHOUSE_DATA_DIR to another directory.',
  ),
  DATA_DIR_UNUSABLE: entry(
    500,
    'INTERNAL',
    -32603,
    'The data directory cannot be written (read-only, full or not permitted).',
    'Free space or choose another GATEHOUSE_DATA_DIR.',
  ),
  DATABASE_UNAVAILABLE: entry(
    503,
    'INTERNAL',
    -31004,
    'The database does not answer.',
    'Start it, or correct DATABASE_URL.',
  ),
  DATABASE_TOO_OLD: entry(
    500,
    'INTERNAL',
    -32603,
    'The PostgreSQL server is older than 15.',
    'Upgrade PostgreSQL to 15 or newer.',
  ),
  DATABASE_NEWER_THAN_PROGRAM: entry(
    500,
    'INTERNAL',
    -32603,
    'The database was migrated by a newer release.',
    'Start that release or a newer one; going back needs a backup.',
  ),
  DATABASE_NOT_MIGRATED: entry(
    500,
    'INTERNAL',
    -32603,
    'The database lacks migrations and this process does not run them.',
    'Run `gatehouse migrate` or start a process with the control plane.',
  ),
  DATABASE_POOLER_UNSUPPORTED: entry(
    500,
    'INTERNAL',
    -32603,
    'A transaction-mode pooler stands before the database.',
    'Point DATABASE_URL at PostgreSQL or at a session-mode pooler.',
  ),
  WRONG_MASTER_KEY: entry(
    500,
    'INTERNAL',
    -32603,
    'The master key is not the one that this database was set up with.',
    'Set GATEHOUSE_MASTER_KEY (or _FILE) to the original key.',
  ),
  UPSTREAM_RPC_ERROR: upstream(
    'The upstream answered the call with a JSON-RPC error.',
    "Read the error; it is the upstream's own.",
  ),
  UPSTREAM_PROCESS_EXITED: upstream(
    'The process of the upstream could not be started, or ended before it answered.',
    'Look at the log of Gatehouse for what the process said, and run the command by hand.',
  ),
  UPSTREAM_COMMAND_NOT_ALLOWED: upstream(
    'The command of the upstream is not in the list of allowed commands.',
    'Add it to the file that GATEHOUSE_STDIO_COMMANDS names, on every process, and start them again.',
  ),
  UPSTREAM_CREDENTIAL_UNREADABLE: upstream(
    'The credential for the upstream was sealed under another master key, or was altered.',
    'Set GATEHOUSE_MASTER_KEY (or _FILE) to the original key, or set the credential of the upstream again.',
  ),
  UPSTREAM_TOO_MANY_PROCESSES: entry(
    429,
    'RATE_LIMITED',
    -31001,
    'The upstream runs as many processes as it may, or as it may for one user.',
    'Try again when one has ended, share one process between all users, or raise GATEHOUSE_STDIO_MAX_CHILDREN or GATEHOUSE_STDIO_MAX_CHILDREN_PER_USER.',
  ),
  SERVICE_UNAVAILABLE: entry(
    503,
    'INTERNAL',
    -31004,
    'The service is starting or stopping.',
    'Send the request again.',
  ),
  COMMAND_NOT_ALLOWED: entry(
    403,
    'FORBIDDEN',
    -31003,
    'A stdio upstream names a command that is not in the allow list of the operator.',
    'Name one of the list; an operator adds others to the file named by GATEHOUSE_STDIO_COMMANDS.',
  ),
  LIMITS_UNAVAILABLE: entry(
    503,
    'RATE_LIMITED',
    -31001,
    'The store of the rate limits does not answer, and calls are refused meanwhile.',
    'Restore the store, or set GATEHOUSE_LIMITS_ON_STORE_DOWN to allow.',
  ),
  MISSING_CLIENT_CAPABILITY: entry(
    400,
    'BAD_USER_INPUT',
    -32021,
    'The request needs something that the client has not declared that it can do.',
    'Declare what `requiredCapabilities` of the answer names, in the capabilities of that very request.',
  ),
  UPSTREAM_ERA_NOT_SPOKEN: upstream(
    'The upstream does not speak the protocol era that is set for it.',
    'Set `protocolEra` of the upstream to AUTO, or to the era that it speaks.',
  ),
  INTERNAL: entry(500, 'INTERNAL', -32603, 'A fault of this program.', 'Report it with the correlation id.'),
} as const satisfies Record<string, ErrorCodeEntry>;

/** A code of the registry. */
export type ErrorCode = keyof typeof errorCodes;
