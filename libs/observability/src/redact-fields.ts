import { redacted } from './mask-text.js';
import { redactCredentials } from './redact-credentials.js';

/** Who may see a field: everybody with access to the record, only those who may read bodies, nobody. */
export type Classification = 'public' | 'sensitive' | 'secret';

/** The class of each field of one kind of record; a nested field is named by its path, `upstream.slug`. */
export type FieldClassification = Readonly<Record<string, Classification>>;

interface Known {
  readonly classes: ReadonlyMap<string, Classification>;
  /** Paths under which something is classified. */
  readonly groups: ReadonlySet<string>;
}

/** Made once for each kind of record: log lines are many. */
const known = new WeakMap<FieldClassification, Known>();

function knownOf(classification: FieldClassification): Known {
  let found = known.get(classification);
  if (found === undefined) {
    const groups = new Set<string>();
    for (const name of Object.keys(classification))
      for (let dot = name.indexOf('.'); dot !== -1; dot = name.indexOf('.', dot + 1)) groups.add(name.slice(0, dot));
    found = { classes: new Map(Object.entries(classification)), groups };
    known.set(classification, found);
  }
  return found;
}

/**
 * A copy of a structured payload that shows only what its classification allows. A field that is not classified counts
 * as secret. `reveal: 'sensitive'` also shows sensitive fields. Arrays are transparent: `tags.name` classifies the name
 * of each tag. Even public values have credentials masked inside, in case a caller put one there.
 */
export function redactFields(
  record: Readonly<Record<string, unknown>>,
  classification: FieldClassification,
  options: { readonly reveal?: 'public' | 'sensitive' } = {},
): Record<string, unknown> {
  const { classes, groups } = knownOf(classification);
  const shown: readonly (Classification | undefined)[] =
    options.reveal === 'sensitive' ? ['public', 'sensitive'] : ['public'];

  const show = (path: string, value: unknown, depth: number): unknown => {
    const found = classes.get(path);
    // Nothing to hide in what is not there; without it, "was it set?" could not be told.
    if (value === null || value === undefined) return value;
    if (shown.includes(found)) return redactCredentials(value);
    if (found !== undefined || depth > 16) return found === 'sensitive' ? '[sensitive]' : redacted;
    if (Array.isArray(value)) return value.map((item) => show(path, item, depth + 1));
    return groups.has(path) && isPlainObject(value) ? showAll(`${path}.`, value, depth + 1) : redacted;
  };
  const showAll = (prefix: string, value: object, depth: number): Record<string, unknown> =>
    Object.fromEntries(Object.entries(value).map(([name, item]) => [name, show(`${prefix}${name}`, item, depth)]));

  return showAll('', record, 0);
}

const isPlainObject = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !ArrayBuffer.isView(value) && !(value instanceof Error);
