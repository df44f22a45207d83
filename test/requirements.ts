import { from, mcp, type Requirement } from './requirement.js';
import { dataPlane } from './requirements-data-plane.js';

const tool = from('plan: repository and toolchain');
const emb = from('plan: embedded PostgreSQL');
const srv = from('ARCHITECTURE.md §1');
const cfg = from('plan: configuration; OPS-1');
const per = from('plan: persistence; ARCHITECTURE.md §3a');
const gql = from('plan: GraphQL API; conventions: URLs and names');
const adm = from('plan: first admin; IDN-2, OPS-3');
const auz = from('plan: authorization base; ACC-1');
const cat = from('plan: catalogue sync; MCP-4');
const gw = from('plan: gateway; ARCHITECTURE.md §3b');
const trl = from('ARCHITECTURE.md §4.10; AUD-1');
const wrk = from('plan: worker; ARCHITECTURE.md §3c');
const obs = from('plan: observability base; AUD-3, AUD-5');
const cli = from('plan: command line; conventions: command line');
const bad = from('plan: bad input');

/** Every promise of this release, one line each. Add a line here before the code that keeps it. */
export const requirements: readonly Requirement[] = [
  tool('TOOL-1', 'the compiled dist/apps/server/src/main.js starts and serves'),
  tool('TOOL-2', 'every line of the layer plan is a boundary rule, holds in the tree and fires on a planted violation'),
  tool('TOOL-3', 'a missing Debian part stops npm test with the install line, and CI cannot leave a part out'),
  tool('TOOL-4', 'a breaking change of schema.graphql is detected'),

  emb('EMB-1', 'without DATABASE_URL a real PostgreSQL runs under the data directory as an ordinary user'),
  emb('EMB-2', 'started as root it drops privileges, also when the project lies in a folder others cannot enter'),
  emb('EMB-3', 'it listens only locally with a generated scram password and keeps fsync on'),
  emb('EMB-4', 'a second server on the same data directory is refused with DATA_DIR_IN_USE'),
  emb('EMB-5', 'after kill -9 of the server the next start recovers every row and no orphan postgres remains'),
  emb('EMB-6', 'SIGTERM and SIGINT stop server and database cleanly with exit code 0'),

  emb('DB-1', 'the TLS modes of DATABASE_URL are honoured'),
  emb('DB-2', 'PostgreSQL 15 and 18 both serve; an older server is refused with DATABASE_TOO_OLD'),
  emb('DB-3', 'of two servers starting at once one migrates and both come up', 'ARCHITECTURE.md §4.13'),
  emb('DB-4', 'a database newer than the program is refused with the remedy', 'ARCHITECTURE.md §4.13'),
  emb('DB-5', 'a pooler in transaction mode is refused with the remedy', 'ARCHITECTURE.md §1'),
  emb('DB-6', 'a process that does not migrate waits for the version and then says how to migrate'),

  srv('SRV-1', 'control plane, gateway and worker run as separate processes on one database'),
  srv('SRV-2', 'a port in use is an error that names the port and the setting'),
  srv('SRV-3', 'on SIGTERM /readyz turns 503 while /healthz stays 200, a running call completes, exit code 0', 'LIM-6'),
  srv('SRV-4', 'a fresh start binds loopback only', 'OPS-3'),
  srv('SRV-5', 'a process with another master key than the database is refused', 'ARCHITECTURE.md §4.3'),

  cfg('CFG-1', 'every problem of the environment is reported at once, never with the value of a secret'),
  cfg('CFG-2', 'an unknown GATEHOUSE_* name is refused with the nearest known one'),
  cfg('CFG-3', 'a secret can come from a file, and setting both is refused'),
  cfg('CFG-4', 'every declared setting is read by the product'),

  per('PER-1', 'row-level security shows each organization only its own rows, on every table', 'TEN-1'),
  per('PER-2', 'the system role reaches exactly what it was granted', 'ARCHITECTURE.md §4.2'),
  per('PER-3', 'foreign keys and cascades hold on the migrated database', 'INP-6'),
  per('PER-4', 'each catalogue change, cascades included, leaves a config_changes row at commit and a notification'),
  per('PER-5', 'revisions commit in order under concurrent writers without deadlock'),
  per('PER-6', 'a write and its audit row commit together or not at all'),
  per('PER-7', 'a denied or failed mutation is audited although its transaction rolled back'),
  per('PER-8', 'entities and committed migrations describe the same schema'),

  gql('GQL-1', 'viewer and node(id) answer for what the caller may read'),
  gql(
    'GQL-2',
    'connections page forwards and backwards without gaps or repeats',
    'https://relay.dev/graphql/connections.htm',
  ),
  gql('GQL-3', 'a nested list costs a constant number of queries'),
  gql('GQL-4', 'signIn and signOut open and end a session, and the session id changes at sign-in', 'IDN-5'),
  gql('GQL-5', 'a cookie mutation needs the CSRF header, a bearer one does not', 'IDN-6'),
  gql('GQL-6', 'teams and memberships are created, updated and deleted'),
  gql('GQL-7', 'upstreams are created, updated and deleted, and their secret is never returned'),
  gql('GQL-8', 'checkUpstream and syncUpstream answer with the result or PENDING and an id', 'ARCHITECTURE.md §2'),
  gql('GQL-9', 'virtual servers and their entries are composed, and a name collision is refused', 'ACC-7'),
  gql('GQL-10', 'createApiToken shows the secret once; the database holds no reversible form of it', 'IDN-1'),
  gql('GQL-11', 'expected failures of a mutation are userErrors with field, code and message'),
  gql('GQL-12', 'depth, cost, alias, batch and body limits accept the limit and refuse limit + 1'),
  gql(
    'GQL-13',
    'a hidden object answers as a missing one, with the same text and number of queries',
    'ARCHITECTURE.md §4.11',
  ),
  gql('GQL-14', 'a token bound to one virtual server reads only viewer and mutates nothing', 'IDN-4'),

  adm('ADM-1', 'the one-time link works once, within its time, and makes the first owner'),
  adm('ADM-2', 'GATEHOUSE_ADMIN_EMAIL and GATEHOUSE_ADMIN_PASSWORD make the first owner instead'),
  adm('ADM-3', 'passwords are stored as Argon2id, and unknown user and wrong password answer alike'),

  auz('AUZ-1', 'the committed role matrix equals what GraphQL allows'),
  auz('AUZ-2', 'listed and gettable are the same set for every caller'),
  auz('AUZ-3', 'on MCP listed and callable are the same set for every caller', 'ARCHITECTURE.md §4.7'),
  auz('AUZ-4', 'an API token never exceeds its scopes or its owner'),
  auz('AUZ-5', 'the gateway decides every cell of the matrix as the control plane does'),

  cat('CAT-1', 'upstreams of both eras are probed and synced', mcp('2026-07-28/basic/versioning')),
  cat(
    'CAT-2',
    'every page of tools, resources, templates and prompts is read',
    mcp('2025-11-25/server/utilities/pagination'),
  ),
  cat(
    'CAT-3',
    'definitions are kept whole, and the fingerprint ignores key order only',
    'https://www.rfc-editor.org/rfc/rfc8785',
  ),
  cat('CAT-4', 'upstream secrets are sealed at rest under the master key', 'DAT-3'),
  cat('CAT-5', 'private, local, mapped and rebinding addresses are refused unless allow-listed', 'INP-8'),
  cat('CAT-6', 'each kind of upstream failure has its own code and text'),
  cat('CAT-7', 'a sync that breaks keeps the last good catalogue'),

  gw('GW-1', 'legacy clients initialize and get a negotiated revision', mcp('2025-11-25/basic/lifecycle')),
  gw('GW-2', 'modern clients discover the server without a handshake', mcp('2026-07-28/server/discover')),
  gw('GW-3', 'tools/list pages in a stable order with own cursors', mcp('2025-11-25/server/tools')),
  gw('GW-4', 'tools/call passes unknown fields through unchanged in both directions'),
  gw(
    'GW-5',
    'resources/list, resources/templates/list and resources/read are relayed',
    mcp('2025-11-25/server/resources'),
  ),
  gw('GW-6', 'prompts/list and prompts/get are relayed', mcp('2025-11-25/server/prompts')),
  gw('GW-7', 'ping answers without an upstream', mcp('2025-11-25/basic/utilities/ping')),
  gw('GW-8', 'legacy and modern clients reach legacy and modern upstreams: four cells', 'MCP-2'),
  gw('GW-9', '401 points at metadata that both well-known places serve', 'https://www.rfc-editor.org/rfc/rfc9728'),
  gw('GW-10', '/mcp offers everything the caller may use, names prefixed and at most 60 characters', 'MCP-5'),
  gw(
    'GW-11',
    '/servers/{slug}/mcp offers exactly its entries; anything else is unknown and reaches no upstream',
    'ACC-7',
  ),
  gw('GW-12', '/upstreams/{slug}/mcp changes nothing and needs its own permission'),
  gw('GW-13', 'a forged, altered, expired or foreign token is refused with 401', 'IDN-1'),
  gw('GW-14', 'a revoked token is refused on every gateway process within 1 s', 'ARCHITECTURE.md §3a; IDN-1'),
  gw(
    'GW-15',
    'a changed server and a removed member take effect on every gateway process within 1 s',
    'ARCHITECTURE.md §3a',
  ),
  gw(
    'GW-16',
    'database away: not ready after the grace, calls fail closed after the stale time',
    'ARCHITECTURE.md §3a',
  ),
  gw('GW-17', 'a foreign Origin is refused with 403', mcp('2025-11-25/basic/transports')),
  gw('GW-18', 'a header that contradicts the body is refused', mcp('2026-07-28/basic/transports')),
  gw('GW-19', 'one dead upstream never empties a list', 'MCP-5'),
  gw('GW-20', 'two principals never share an upstream session'),
  gw('GW-21', 'a method that is not relayed is refused as unknown'),
  gw('GW-22', 'the era of any request, and its refusal, are what the SDK of 2026-07-28 decides'),

  trl('TRL-1', 'every MCP request leaves one audit record, allowed or denied, with its reason'),
  trl('TRL-2', 'verifyAudit finds an edited, a removed and a missing record'),
  trl('TRL-3', 'SIGTERM loses no record and kill -9 at most one flush'),
  trl('TRL-4', 'database down: records spool; spool full: deny, or drop and count'),
  trl('TRL-5', 'every mutation of the schema is audited, allowed, denied and failing'),

  wrk('WRK-1', 'jobs run on PostgreSQL and on Redis'),
  wrk('WRK-2', 'health checks flip the state that GraphQL shows'),
  wrk('WRK-3', 'the scheduled sync brings new tools into the catalogue'),
  wrk('WRK-4', 'an interrupted export resumes to a complete, verifiable JSON Lines file', 'AUD-2'),
  wrk('WRK-5', 'checkpoints sign the heads of all chains'),
  wrk('WRK-6', 'retention drops only what a checkpoint covers'),
  wrk('WRK-7', 'database away and back: workers neither spin nor die'),
  wrk('WRK-8', 'a missing jobs schema is retried with a bounded pause and bounded logs'),

  obs('OBS-1', 'one correlation id is in the response header, the log, the audit row and the upstream request'),
  obs('OBS-2', 'metrics parse and count the calls made'),
  obs('OBS-3', 'fields that are not classified public never reach the log'),
  obs('OBS-4', "a client's correlation id is taken only when it is safe"),

  cli('CLI-1', 'login stores a profile with mode 0600 and later commands use it'),
  cli('CLI-2', 'serve and migrate run the server'),
  cli('CLI-3', 'doctor names database, version, key, ports, public URL, disk and clock, each flipped'),
  cli('CLI-4', 'upstream add, list, check and remove'),
  cli('CLI-5', 'import registers the servers of a {"mcpServers":{…}} file', 'OPS-4'),
  cli('CLI-6', 'token create, list and revoke'),
  cli('CLI-7', 'user create'),
  cli('CLI-8', 'audit verify'),
  cli('CLI-9', 'client config prints what each client accepts'),
  cli('CLI-10', '--json is machine-readable, exit codes are 0 to 4, and no stack trace is shown'),
  cli('DEMO-1', 'the demo shows one allowed and one denied call on real MCP traffic', 'plan: two commands'),

  gw('CLT-1', 'the SDK v1 client works through the gateway', 'MCP-6'),
  gw('CLT-2', 'the SDK v2 client works through the gateway', 'MCP-6'),
  gw('CLT-3', 'the MCP Inspector command line works through the gateway', 'MCP-6'),
  gw('CLT-4', 'the AI SDK’s own client works through the gateway', 'MCP-6'),
  gw('CLT-5', 'the LangChain adapters work through the gateway', 'MCP-6'),
  gw('CLT-6', 'mcp-remote works through the gateway, for clients over stdio', 'MCP-6'),
  gw('CLT-7', 'what servers may say and ask reaches the handlers of both SDKs, in all four cells', 'MCP-6'),
  gw('CLT-8', 'both SDKs hear of a changed list where theirs changed, and only there', 'MCP-5, MCP-6'),
  gw('CLT-9', 'both SDKs resume a stream that broke', 'MCP-6'),
  gw('CLT-10', 'the reference server can do through the gateway what it can do without', 'MCP-6'),

  from('plan: container files; OPS-5')(
    'BOX-1',
    'the image is multi-stage, not root and read-only; compose files are valid',
  ),

  bad('BAD-1', 'wrong or missing credential'),
  bad('BAD-2', 'expired one-time link'),
  bad('BAD-3', 'unknown id'),
  bad('BAD-4', "another organization's id"),
  bad('BAD-5', 'slug taken'),
  bad('BAD-6', 'malformed slug'),
  bad('BAD-7', 'upstream address that is not http(s)'),
  bad('BAD-8', 'upstream that cannot be reached'),
  bad('BAD-9', 'upstream at a private address'),
  bad('BAD-10', 'upstream that redirects'),
  bad('BAD-11', 'body of 10 MB'),
  bad('BAD-12', 'JSON of depth 10,000'),
  bad('BAD-13', '__proto__ as a key'),
  bad('BAD-14', 'duplicate keys'),
  bad('BAD-15', 'GraphQL query of depth 50'),
  bad('BAD-16', 'GraphQL query with 1,000 aliases'),
  bad('BAD-17', 'wrong master key'),
  bad('BAD-18', 'database down at start'),
  bad('BAD-19', 'database down in mid-flight'),
  bad('BAD-20', 'disk full'),
  bad('BAD-21', 'read-only data folder'),
  bad('BAD-22', 'session id of somebody else', 'plan: bad input, no. 1'),
  bad(
    'BAD-23',
    'token for somebody else, too early, too late, of another algorithm, doubled',
    'plan: bad input, no. 2',
  ),
  bad('BAD-24', 'no token: the way to the authorization server is told', 'plan: bad input, no. 3'),
  bad(
    'BAD-25',
    'credentials meant for the gateway, on their way to an upstream, log or record',
    'plan: bad input, no. 4',
  ),
  bad('BAD-26', 'sealed texts that are altered, foreign, late or used before', 'plan: bad input, no. 9'),
  bad('BAD-27', 'Host and Origin of somebody else', 'plan: bad input, no. 10'),
  bad('BAD-28', 'headers that contradict the body, at every endpoint', 'plan: bad input, no. 11'),
  bad('BAD-29', 'one more than a limit, in a request and in an answer', 'plan: bad input, no. 12'),
  bad('BAD-30', 'answers on streams with headers of an upstream', 'plan: bad input, no. 14'),

  ...dataPlane,
];

/** Promises that no test proves yet. A cited id in this list fails the coverage test, so the list only shrinks. */
export const knownOpen: readonly string[] = [];
