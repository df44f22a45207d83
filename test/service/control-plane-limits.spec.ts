import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  send,
  startTestControlPlane,
  type GraphqlAnswer,
  type TestControlPlane,
  type TestUser,
} from './control-plane-harness.js';

const round = ['memberships(first: 1)', 'edges', 'node', 'team'];

/** A document whose deepest field lies exactly `depth` levels down. */
function documentOfDepth(depth: number): string {
  const path = ['teams(first: 1)', 'edges', 'node'];
  while (path.length < depth - 1) path.push(round[(path.length - 3) % round.length] ?? '');
  return `{ ${path.slice(0, depth - 1).reduceRight((inner, field) => `${field} { ${inner} }`, '__typename')} }`;
}

const aliases = (count: number) =>
  `{ ${Array.from({ length: count }, (_, at) => `a${at}: viewer { __typename }`).join(' ')} }`;

/** Through fragments, each used twice: 2 to the power of `doublings` aliases in a short document. */
const doubledAliases = (doublings: number) =>
  `{ viewer { ...F0 } } ${Array.from({ length: doublings }, (_, at) => `fragment F${at} on Viewer { ...F${at + 1} ...F${at + 1} }`).join(' ')} fragment F${doublings} on Viewer { a: __typename }`;

const pages = (teams: string, memberships: string) =>
  `teams(first: ${teams}) { edges { node { memberships(first: ${memberships}) { edges { node { role user { email } } } } } } }`;

/** Operations of 8 tokens each; the first one runs. */
const tokens = (count: number) =>
  JSON.stringify({
    operationName: 'Q0',
    query: Array.from(
      { length: Math.floor(count / 8) },
      (_, at) => `query Q${at} { viewer { __typename ${at === 0 ? '__typename '.repeat(count % 8) : ''} } }`,
    ).join(' '),
  });
const batch = (count: number) =>
  JSON.stringify(Array.from({ length: count }, () => ({ query: '{ viewer { __typename } }' })));
const bodyOf = (bytes: number) => {
  const body = JSON.stringify({ query: '{ viewer { __typename } }' });
  return body.slice(0, -1) + ' '.repeat(bytes - body.length) + '}';
};
const nestedJson = (depth: number) =>
  `{"query":"{ viewer { __typename } }","variables":${'{"a":'.repeat(depth - 1)}1${'}'.repeat(depth - 1)}}`;
const query = (text: string, variables: object = {}) => JSON.stringify({ query: text, variables });

describe('GraphQL limits [GQL-12]', () => {
  let cp: TestControlPlane;
  let owner: TestUser;

  beforeAll(async () => {
    cp = await startTestControlPlane({ GATEHOUSE_GRAPHQL_INTROSPECTION: 'false' });
    owner = await cp.seed.user(cp.organizationId, { organizationRole: 'organization-owner' });
  });
  afterAll(() => cp[Symbol.asyncDispose]());

  const post = (body: string) => send(cp.url, body, { authorization: `Bearer ${owner.token}` });
  const outcome = ({ status, errors }: GraphqlAnswer) =>
    errors[0] ? `${status} ${String(errors[0].extensions.reason ?? errors[0].extensions.code)}` : `${status}`;

  const table: [string, string, string][] = [
    ['depth 12', query(documentOfDepth(12)), '200'],
    ['depth 13', query(documentOfDepth(13)), '400 QUERY_TOO_COMPLEX'],
    ['depth 50 [BAD-15]', query(documentOfDepth(50)), '400 QUERY_TOO_COMPLEX'],
    ['15 aliases', query(aliases(15)), '200'],
    ['16 aliases', query(aliases(16)), '400 QUERY_TOO_COMPLEX'],
    ['1000 aliases [BAD-16]', query(aliases(1000)), '400 QUERY_TOO_COMPLEX'],
    ['8 aliases by fragments', query(doubledAliases(3)), '200'],
    ['16 aliases by fragments', query(doubledAliases(4)), '400 QUERY_TOO_COMPLEX'],
    ['2^60 aliases by fragments', query(doubledAliases(60)), '400 QUERY_TOO_COMPLEX'],
    ['cost 5000', query(`{ ${pages('100', '49')} }`), '200'],
    ['cost 5001', query(`{ ${pages('100', '49')} users(first: 1) { edges { cursor } } }`), '400 QUERY_TOO_COMPLEX'],
    ['cost 5000 by variables', query(`query($n: Int, $m: Int = 49) { ${pages('$n', '$m')} }`, { n: 100 }), '200'],
    [
      'cost 5100 by variables',
      query(`query($n: Int, $m: Int = 49) { ${pages('$n', '$m')} }`, { n: 100, m: 50 }),
      '400 QUERY_TOO_COMPLEX',
    ],
    ['5000 tokens', tokens(5000), '200'],
    ['5001 tokens', tokens(5001), '400 QUERY_TOO_COMPLEX'],
    ['a batch of 10', batch(10), '200'],
    ['a batch of 11', batch(11), '400 QUERY_TOO_COMPLEX'],
    ['an empty batch', '[]', '400 QUERY_TOO_COMPLEX'],
    ['a body of 1 MiB', bodyOf(1024 ** 2), '200'],
    ['a body of 1 MiB + 1', bodyOf(1024 ** 2 + 1), '413 PAYLOAD_TOO_LARGE'],
    ['a body of 10 MB [BAD-11]', bodyOf(10_000_000), '413 PAYLOAD_TOO_LARGE'],
    ['JSON of depth 64', nestedJson(64), '200'],
    ['JSON of depth 65', nestedJson(65), '400 PARSE_ERROR'],
    ['JSON of depth 10,000 [BAD-12]', nestedJson(10_000), '400 PARSE_ERROR'],
    [
      'a __proto__ key [BAD-13]',
      '{"query":"{ viewer { __typename } }","variables":{"__proto__":{"x":1}}}',
      '400 PARSE_ERROR',
    ],
    [
      'an escaped __proto__ key [BAD-13]',
      String.raw`{"query":"{ viewer { __typename } }","variables":{"\u005f_proto__":1}}`,
      '400 PARSE_ERROR',
    ],
    ['a key twice [BAD-14]', '{"query":"{ viewer { __typename } }","query":"{ a }"}', '400 PARSE_ERROR'],
    [
      'a key of a sibling',
      '{"query":"{ viewer { __typename } }","variables":{"a":[{"b":"c: \\"d\\""},{"b":1}]}}',
      '200',
    ],
    ['no JSON', '{"query":', '400 PARSE_ERROR'],
    ['no object', '"{ viewer { __typename } }"', '400 MALFORMED_REQUEST'],
    ['no query', '{}', '400 MALFORMED_REQUEST'],
    ['a query that is no text', '{"query":{"a":1}}', '400 MALFORMED_REQUEST'],
    ['an empty body', '', '400 PARSE_ERROR'],
    ['a syntax error', query('{ viewer {'), '400 BAD_USER_INPUT'],
    ['4990 equal fields', query(`{ viewer { ${'__typename '.repeat(4990)} } }`), '400 QUERY_TOO_COMPLEX'],
    ['an endless fragment', query('{ viewer { ...F } } fragment F on Viewer { ...F }'), '400 BAD_USER_INPUT'],
    ['introspection', query('{ __schema { types { name } } }'), '400 BAD_USER_INPUT'],
    ['a persisted query', '{"extensions":{"persistedQuery":{"version":1,"sha256Hash":"0"}}}', '400 MALFORMED_REQUEST'],
    ['first: 100', query('{ teams(first: 100) { edges { cursor } } }'), '200'],
    ['first: 101', query('{ teams(first: 101) { edges { cursor } } }'), '200 BAD_USER_INPUT'],
    ['first: 0', query('{ teams(first: 0) { edges { cursor } } }'), '200 BAD_USER_INPUT'],
    ['first: -1', query('{ teams(first: -1) { edges { cursor } } }'), '200 BAD_USER_INPUT'],
    ['first and last', query('{ teams(first: 1, last: 1) { edges { cursor } } }'), '200 BAD_USER_INPUT'],
    ['last with after', query('{ teams(last: 1, after: "x") { edges { cursor } } }'), '200 BAD_USER_INPUT'],
    ['before without last', query('{ teams(before: "x") { edges { cursor } } }'), '200 BAD_USER_INPUT'],
    ['a malformed cursor', query('{ teams(first: 1, after: "nonsense") { edges { cursor } } }'), '200 BAD_USER_INPUT'],
    ['a malformed id', query('{ node(id: "nonsense") { id } }'), '200 BAD_USER_INPUT'],
  ];

  it.each(table)('%s', async (_name, body, expected) => {
    const answer = await post(body);
    expect(`${outcome(answer)} ${answer.text.slice(0, 300)}`).toMatch(new RegExp(`^${expected} [{[]`));
    for (const { extensions } of answer.errors) {
      expect(extensions.correlationId).toBe(answer.headers.get('x-request-id'));
      expect(Object.keys(extensions)).not.toContain('stacktrace');
    }
  });

  it('say nothing of the schema while introspection is off', async () => {
    const answer = await post(query('{ viewers { id } viewer { csrfTokens } }'));
    expect(answer.text).not.toMatch(/did you mean|csrfToken"|"viewer"/i);
    expect(answer.errors.length).toBeGreaterThan(0);
  });

  it('answer a fault of the program with INTERNAL and the correlation id only, and log it', async () => {
    const broken = await startTestControlPlane();
    try {
      const user = await broken.seed.user(broken.organizationId, { organizationRole: 'organization-owner' });
      Object.assign(broken.deps.unitOfWork, {
        read: () => Promise.reject(new Error('secret detail of a query')),
      });
      const answer = await user.query('{ teams { edges { cursor } } }');
      expect(answer.errors).toEqual([
        {
          message: 'Something went wrong on our side. Report it with the correlation id.',
          locations: [{ line: 1, column: 3 }],
          path: ['teams'],
          extensions: { code: 'INTERNAL', correlationId: answer.headers.get('x-request-id') },
        },
      ]);
      const line = broken.log.find((text) => text.includes('secret detail'));
      expect(JSON.parse(line ?? '{}')).toMatchObject({ level: 'error', requestId: answer.headers.get('x-request-id') });
    } finally {
      await broken[Symbol.asyncDispose]();
    }
  });
});
