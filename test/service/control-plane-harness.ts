import { inject } from 'vitest';
import { startControlPlane, type ControlPlaneDeps } from '../../apps/control-plane/src/bootstrap.js';
import { TransactionalRecorder } from '#audit';
import { loadConfig } from '#config';
import { apiTokenScopes, type ApiTokenScope, type OrganizationRole, type TeamRole } from '#contracts';
import { createKeyring, generateMasterKey, hashPassword, hashToken, randomToken } from '#crypto';
import { encodeGlobalId, newRequestId, systemClock, type CallContext } from '#kernel';
import { createLogger, createMetrics } from '#observability';
import { createOrm, IdentityStore, SessionStore, UnitOfWork, type WriteTransaction } from '#persistence';
import { APP_ROLE, createPool, SYSTEM_ROLE, type DatabasePool } from '#postgres';
import { createTestDatabase } from '#testing';

/** What `POST /graphql` answered. */
export interface GraphqlAnswer {
  readonly status: number;
  readonly headers: Headers;
  // oxlint-disable-next-line typescript/no-explicit-any -- tests look into whatever the query asked for
  readonly data: any;
  readonly errors: readonly { message: string; path?: string[]; extensions: Record<string, unknown> }[];
  readonly text: string;
}

/** A user that tests made, with an API token that carries every scope. */
export interface TestUser {
  readonly id: string;
  readonly globalId: string;
  readonly email: string;
  readonly token: string;
  /** Sends an operation with the user's token. */
  query(query: string, variables?: object): Promise<GraphqlAnswer>;
}

/** A team that tests made. */
export interface TestTeam {
  readonly id: string;
  readonly globalId: string;
  readonly slug: string;
}

export const password = 'correct horse battery';

/** Settings that make tests fast; a test adds its own. */
const testEnv = {
  GATEHOUSE_CONTROL_PLANE_PORT: '0',
  GATEHOUSE_AUTH_ARGON2_MEMORY: '8MiB',
  GATEHOUSE_AUTH_ARGON2_PASSES: '1',
  GATEHOUSE_GRAPHQL_INTROSPECTION: 'true',
};

/** Starts a control plane on a database of its own, with the organization `default`. */
export async function startTestControlPlane(env: NodeJS.ProcessEnv = {}, replace: Partial<ControlPlaneDeps> = {}) {
  const database = await createTestDatabase(inject('pgUrl'));
  const config = loadConfig({ ...testEnv, ...env });
  const log: string[] = [];
  const keyring = createKeyring(generateMasterKey());
  const orm = await createOrm({ url: database.url, role: APP_ROLE }, 5);
  const queries = countQueries(orm);
  const systemPool = createPool({ url: database.url, role: SYSTEM_ROLE, max: 4 });
  const jobs: { queue: string; payload: unknown }[] = [];
  const deps: ControlPlaneDeps = {
    config,
    logger: createLogger({ level: 'info', service: 'control-plane', destination: { write: (line) => log.push(line) } }),
    metrics: createMetrics({ processMetrics: false }),
    keyring,
    clock: systemClock,
    unitOfWork: new UnitOfWork(orm.em, new TransactionalRecorder({ keyring, writer: 'control-plane' })),
    identities: new IdentityStore(systemPool),
    sessions: new SessionStore(systemPool),
    systemPool,
    jobs: {
      enqueue: (queue, payload) => Promise.resolve(void jobs.push({ queue, payload })),
    },
    ...replace,
  };
  const running = await startControlPlane(deps);
  const url = `http://127.0.0.1:${running.address.port}`;
  const seed = new Seed(deps, url);
  const organizationId = await seed.organization('default');

  return {
    url,
    databaseUrl: database.url,
    deps,
    running,
    log,
    jobs,
    queries,
    seed,
    organizationId,
    /** Audit events, oldest first. */
    audit: () => auditEvents(systemPool),
    [Symbol.asyncDispose]: async () => {
      await running.stop(1000);
      await orm.close();
      await systemPool.end();
      await database[Symbol.asyncDispose]();
    },
  };
}

/** What {@link startTestControlPlane} gives. */
export type TestControlPlane = Awaited<ReturnType<typeof startTestControlPlane>>;

/** Sends one operation; `headers` carry the credential. */
export async function graphql(
  url: string,
  query: string,
  variables: object = {},
  headers: Record<string, string> = {},
): Promise<GraphqlAnswer> {
  return send(url, JSON.stringify({ query, variables }), headers);
}

/** Sends a body as it is. */
export async function send(url: string, body: string, headers: Record<string, string> = {}): Promise<GraphqlAnswer> {
  const answer = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body,
  });
  const text = await answer.text();
  const parsed = text.startsWith('{') ? (JSON.parse(text) as Partial<GraphqlAnswer>) : {};
  return { status: answer.status, headers: answer.headers, data: parsed.data, errors: parsed.errors ?? [], text };
}

/** A browser: keeps the session cookie and sends the CSRF token once it is known. */
export class TestBrowser {
  cookie: string | null = null;
  csrf: string | null = null;

  constructor(private readonly url: string) {}

  async query(query: string, variables: object = {}, headers: Record<string, string> = {}): Promise<GraphqlAnswer> {
    const answer = await graphql(this.url, query, variables, {
      ...(this.cookie ? { cookie: this.cookie } : {}),
      ...(this.csrf ? { 'x-gatehouse-csrf': this.csrf } : {}),
      ...headers,
    });
    for (const line of answer.headers.getSetCookie()) this.cookie = line.split(';')[0] ?? null;
    return answer;
  }

  async signIn(email: string, secret = password, organization?: string): Promise<GraphqlAnswer> {
    const answer = await this.query(
      `mutation($input: SignInInput!) { signIn(input: $input) { viewer { csrfToken user { email } organization { slug } roles { role } } userErrors { field code message } } }`,
      { input: { email, password: secret, organization } },
    );
    this.csrf = answer.data?.signIn?.viewer?.csrfToken ?? null;
    return answer;
  }
}

/** Makes rows behind the API's back. */
export class Seed {
  private count = 0;

  constructor(
    private readonly deps: ControlPlaneDeps,
    private readonly url: string,
  ) {}

  /** Runs `fn` in a transaction of the organization. */
  write<T>(organizationId: string, fn: (tx: WriteTransaction) => Promise<T>): Promise<T> {
    const ctx: CallContext = {
      actor: { kind: 'system', organizationId, name: 'test' },
      requestId: newRequestId(),
      clock: systemClock,
      ip: null,
      userAgent: null,
    };
    return this.deps.unitOfWork.write(ctx, { action: 'test.seed', subjectType: null }, fn);
  }

  async organization(slug: string): Promise<string> {
    const id = crypto.randomUUID();
    await this.write(id, async (tx) => void tx.organizations.create({ slug, name: slug }, id));
    return id;
  }

  async user(
    organizationId: string,
    roles: {
      organizationRole?: OrganizationRole;
      teams?: readonly (readonly [TestTeam, TeamRole])[];
      scopes?: readonly ApiTokenScope[];
    } = {},
  ): Promise<TestUser> {
    const email = `user${(this.count += 1)}@example.com`;
    const token = `gth_${randomToken()}.${randomToken()}.${randomToken()}`;
    const { auth } = this.deps.config;
    const passwordHash = await hashPassword(password, { memoryBytes: auth.argon2Memory, passes: auth.argon2Passes });
    const id = await this.write(organizationId, async (tx) => {
      const user = tx.users.create({ email, displayName: `User ${this.count}`, passwordHash, status: 'ACTIVE' });
      const { organizationRole, teams = [], scopes = apiTokenScopes } = roles;
      if (organizationRole) tx.roleBindings.create({ userId: user.id, role: organizationRole, expiresAt: null });
      for (const [team, role] of teams) tx.memberships.create({ teamId: team.id, userId: user.id, role });
      tx.apiTokens.create({
        userId: user.id,
        name: 'test',
        tokenHash: hashToken(token),
        hint: token.slice(-4),
        scopes: [...scopes],
        virtualServerId: null,
        expiresAt: new Date(Date.now() + 365 * 86_400_000),
        revokedAt: null,
      });
      return user.id;
    });
    const { url } = this;
    const query = (text: string, variables: object = {}) =>
      graphql(url, text, variables, { authorization: `Bearer ${token}` });
    return { id, globalId: encodeGlobalId('User', id), email, token, query };
  }

  async team(organizationId: string, slug = `team-${(this.count += 1)}`): Promise<TestTeam> {
    const id = await this.write(
      organizationId,
      async (tx) => tx.teams.create({ slug, name: slug, description: '' }).id,
    );
    return { id, globalId: encodeGlobalId('Team', id), slug };
  }
}

interface QueryLogger {
  logQuery(context: { query?: string }): void;
  isEnabled(): boolean;
}

/** Listens to the ORM: the statements since the last `reset()`. */
function countQueries(orm: Awaited<ReturnType<typeof createOrm>>) {
  const statements: string[] = [];
  const logger = orm.config.getLogger() as unknown as QueryLogger;
  logger.isEnabled = () => true;
  logger.logQuery = ({ query }) => void statements.push(query ?? '');
  return {
    statements,
    reset: () => void statements.splice(0),
    /** SELECTs on tables; not the frame of the transaction. */
    selects: () => statements.filter((text) => /^select (?!set_config)/i.test(text)),
  };
}

async function auditEvents(pool: DatabasePool) {
  return pool.query<{
    action: string;
    outcome: string;
    reason: string | null;
    actor_kind: string;
    subject_id: string | null;
    details: string;
  }>(
    "select action, outcome, reason, actor_kind, subject_id, details from audit_events where action <> 'test.seed' order by occurred_at, sequence",
  );
}
