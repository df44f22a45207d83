import { expect } from 'vitest';
import { seedUpstream } from './catalog-seed.js';
import { startTestControlPlane, type GraphqlAnswer, type TestUser } from './control-plane-harness.js';

const fields =
  'id slug name description visibility enabled prefixNames instructions endpointUrl owner { email } team { slug }';
const entryFields =
  'id kind exposedName nameOverride descriptionOverride tool { name } resource { uri } resourceTemplate { uriTemplate } prompt { name } virtualServer { slug }';
export const errors = 'userErrors { field code message }';
export const create = `mutation($input: CreateVirtualServerInput!) { createVirtualServer(input: $input) { virtualServer { ${fields} } ${errors} } }`;
export const update = `mutation($input: UpdateVirtualServerInput!) { updateVirtualServer(input: $input) { virtualServer { ${fields} } ${errors} } }`;
export const remove = `mutation($input: DeleteVirtualServerInput!) { deleteVirtualServer(input: $input) { deletedId ${errors} } }`;
export const addEntries = `mutation($input: AddVirtualServerEntriesInput!) { addVirtualServerEntries(input: $input) { virtualServer { slug } entries { ${entryFields} } ${errors} } }`;
export const updateEntry = `mutation($input: UpdateVirtualServerEntryInput!) { updateVirtualServerEntry(input: $input) { virtualServerEntry { ${entryFields} } ${errors} } }`;
export const removeEntries = `mutation($input: RemoveVirtualServerEntriesInput!) { removeVirtualServerEntries(input: $input) { virtualServer { slug } deletedIds ${errors} } }`;
export const listEntries = `query($id: ID!) { node(id: $id) { ... on VirtualServer { entries(first: 100) { edges { node { ${entryFields} } } } } } }`;

export const payloadOf = (answer: GraphqlAnswer) => {
  expect(answer.errors).toEqual([]);
  const [payload] = Object.values(answer.data) as [
    Record<string, never> & { userErrors: { field: string; code: string; message: string }[] },
  ];
  return payload;
};

/** A control plane with people, upstreams, and what composing takes. */
export async function startComposition() {
  const cp = await startTestControlPlane({
    GATEHOUSE_GATEWAY_PUBLIC_URLS: 'https://mcp.example.com,https://other.example.com',
  });
  const { seed, organizationId } = cp;
  const team = await seed.team(organizationId, 'alpha');
  const owner = await seed.user(organizationId, { organizationRole: 'organization-owner' });
  const developer = await seed.user(organizationId, { teams: [[team, 'team-developer']] });
  const member = await seed.user(organizationId, { teams: [[team, 'team-member']] });
  const plain = await seed.user(organizationId);
  let count = 0;
  return {
    ...{ cp, team, owner, developer, member, plain },
    github: await seedUpstream(seed, organizationId, 'github', { owner }),
    jira: await seedUpstream(seed, organizationId, 'jira', { owner }),
    secretive: await seedUpstream(seed, organizationId, 'secretive', { owner: plain, visibility: 'PRIVATE' }),
    async created(user: TestUser, input: object = {}) {
      const answer = await user.query(create, { input: { slug: `server-${(count += 1)}`, name: 'Server', ...input } });
      expect(payloadOf(answer).userErrors).toEqual([]);
      return answer.data.createVirtualServer.virtualServer;
    },
    add: (user: TestUser, virtualServerId: string, ...entries: object[]) =>
      user.query(addEntries, { input: { virtualServerId, entries } }),
    exposed: async (id: string): Promise<string[]> =>
      (await owner.query(listEntries, { id })).data.node.entries.edges.map(
        ({ node }: { node: { exposedName: string } }) => node.exposedName,
      ),
  };
}

/** What {@link startComposition} gives. */
export type Composition = Awaited<ReturnType<typeof startComposition>>;
