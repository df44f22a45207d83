import { ControlPlaneClient } from './control-plane-client.js';
import type { Gatehouse } from './start-gatehouse.js';

const password = 'correct horse battery staple';

/** An administrator with an API token, made through the one-time link like a person would. */
export async function signUpAdmin(
  gatehouse: Pick<Gatehouse, 'controlPlane' | 'setupLink'>,
): Promise<{ admin: ControlPlaneClient; token: string }> {
  const setupToken = gatehouse.setupLink?.split('#')[1];
  if (!setupToken) throw new Error('the server printed no one-time link');
  const anonymous = new ControlPlaneClient(gatehouse.controlPlane);
  const done = await anonymous.send(
    'mutation ($input: CompleteSetupInput!) { completeSetup(input: $input) { viewer { csrfToken } userErrors { field code message } } }',
    { input: { token: setupToken, email: 'admin@example.com', displayName: 'Admin', password } },
  );
  const payload = (
    done.data as { completeSetup?: { viewer: { csrfToken: string } | null; userErrors: unknown[] } } | null
  )?.completeSetup;
  if (!payload?.viewer) throw new Error(`setup failed: ${JSON.stringify([done.errors, payload])}`);
  const cookie = done.headers
    .getSetCookie()
    .map((one) => one.split(';')[0])
    .join('; ');
  const session = new ControlPlaneClient(gatehouse.controlPlane, {
    cookie,
    'x-gatehouse-csrf': payload.viewer.csrfToken,
  });
  const { secret } = await session.mutate<{ secret: string }>(
    'createApiToken',
    'CreateApiTokenInput',
    { name: 'e2e' },
    'secret',
  );
  return { admin: anonymous.withToken(secret), token: secret };
}

/** What an upstream may be registered with, beside its address. */
export interface UpstreamOptions {
  readonly transport?: 'STREAMABLE_HTTP' | 'SSE' | 'STDIO';
  readonly protocolEra?: 'AUTO' | 'LEGACY' | 'MODERN';
  readonly command?: string;
  readonly shared?: boolean;
  readonly visibility?: 'PRIVATE' | 'TEAM' | 'ORGANIZATION';
  readonly teamId?: string;
  readonly enabled?: boolean;
  readonly authHeader?: string;
  readonly authSecret?: string;
  /** Such as `500ms` or `30s`. */
  readonly connectTimeout?: string;
  readonly headersTimeout?: string;
  readonly requestTimeout?: string;
  readonly maxRequestTime?: string;
  readonly headers?: readonly { readonly name: string; readonly value: string }[];
  readonly forwardedHeaders?: readonly { readonly from: string; readonly to?: string }[];
}

/**
 * Registers an upstream, waits for its catalogue, and returns its id.
 * @param url null for STDIO, which has a `command` of the file named by GATEHOUSE_STDIO_COMMANDS
 */
export async function addUpstream(
  admin: ControlPlaneClient,
  slug: string,
  url: string | null,
  more: UpstreamOptions = {},
): Promise<string> {
  const { upstream } = await admin.mutate<{ upstream: { id: string } }>(
    'createUpstream',
    'CreateUpstreamInput',
    { slug, name: slug, ...(url === null ? {} : { url }), visibility: 'ORGANIZATION', ...more },
    'upstream { id }',
  );
  const { operation } = await admin.mutate<{
    operation: { state: string; code: string | null; message: string | null };
  }>('syncUpstream', 'SyncUpstreamInput', { id: upstream.id }, 'operation { state code message }');
  if (operation.state !== 'SUCCEEDED') throw new Error(`sync of ${slug}: ${JSON.stringify(operation)}`);
  return upstream.id;
}

/** Composes a virtual server of the named tools of one upstream, and returns its id. */
export async function addVirtualServer(
  admin: ControlPlaneClient,
  slug: string,
  upstreamId: string,
  tools: readonly string[],
  more: object = {},
): Promise<string> {
  const listed = await admin.send(
    'query ($upstreamId: ID!) { tools(upstreamId: $upstreamId, first: 100) { edges { node { id name } } } }',
    { upstreamId },
  );
  const nodes = (
    listed.data as unknown as { tools: { edges: { node: { id: string; name: string } }[] } }
  ).tools.edges.map(({ node }) => node);
  const { virtualServer } = await admin.mutate<{ virtualServer: { id: string } }>(
    'createVirtualServer',
    'CreateVirtualServerInput',
    { slug, name: slug, visibility: 'ORGANIZATION', prefixNames: false, ...more },
    'virtualServer { id }',
  );
  await admin.mutate(
    'addVirtualServerEntries',
    'AddVirtualServerEntriesInput',
    {
      virtualServerId: virtualServer.id,
      entries: nodes.filter(({ name }) => tools.includes(name)).map(({ id }) => ({ toolId: id })),
    },
    'virtualServer { id }',
  );
  return virtualServer.id;
}

/** A user with a token of their own, issued by signing in as that user. */
export async function addUser(
  admin: ControlPlaneClient,
  controlPlane: string,
  name: string,
  more: object = {},
): Promise<{ userId: string; client: ControlPlaneClient; token: string }> {
  const email = `${name}@example.com`;
  const { user } = await admin.mutate<{ user: { id: string } }>(
    'createUser',
    'CreateUserInput',
    { email, displayName: name, password, ...more },
    'user { id }',
  );
  const anonymous = new ControlPlaneClient(controlPlane);
  const signedIn = await anonymous.send(
    'mutation ($input: SignInInput!) { signIn(input: $input) { viewer { csrfToken } userErrors { code message } } }',
    { input: { email, password } },
  );
  const viewer = (signedIn.data as unknown as { signIn: { viewer: { csrfToken: string } } }).signIn.viewer;
  const cookie = signedIn.headers
    .getSetCookie()
    .map((one) => one.split(';')[0])
    .join('; ');
  const session = new ControlPlaneClient(controlPlane, { cookie, 'x-gatehouse-csrf': viewer.csrfToken });
  const { secret } = await session.mutate<{ secret: string }>(
    'createApiToken',
    'CreateApiTokenInput',
    { name: `${name}-token` },
    'secret',
  );
  return { userId: user.id, client: anonymous.withToken(secret), token: secret };
}
