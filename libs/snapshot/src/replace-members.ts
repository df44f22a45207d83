interface Member {
  readonly key: string;
  readonly from: number;
  readonly to: number;
}

const blank = /[\t\n\r ]*/y;
const scalar = /[^,}\]\t\n\r ]+/y;
const structural = /["{}[\]]/g;

function skip(pattern: RegExp, json: string, at: number): number {
  pattern.lastIndex = at;
  pattern.test(json);
  return pattern.lastIndex;
}

/** The index after the string that starts at `at`; a quote ends it unless an odd number of backslashes precedes. */
function endOfString(json: string, at: number): number {
  for (let quote = json.indexOf('"', at + 1); ; quote = json.indexOf('"', quote + 1)) {
    let slash = quote;
    while (json[slash - 1] === '\\') slash--;
    if ((quote - slash) % 2 === 0) return quote + 1;
  }
}

function endOfValue(json: string, at: number): number {
  const first = json[at];
  if (first === '"') return endOfString(json, at);
  if (first !== '{' && first !== '[') return skip(scalar, json, at);
  for (let depth = 0, index = at; ;) {
    structural.lastIndex = index;
    const found = structural.exec(json);
    if (found === null) return json.length;
    if (found[0] === '"') {
      index = endOfString(json, found.index);
      continue;
    }
    index = found.index + 1;
    depth += found[0] === '{' || found[0] === '[' ? 1 : -1;
    if (depth === 0) return index;
  }
}

function* membersOf(json: string): Generator<Member, number> {
  let at = skip(blank, json, skip(blank, json, 0) + 1);
  while (json[at] !== '}') {
    const afterKey = endOfString(json, at);
    const key = JSON.parse(json.slice(at, afterKey)) as string;
    const from = skip(blank, json, skip(blank, json, afterKey) + 1);
    const to = endOfValue(json, from);
    yield { key, from, to };
    at = skip(blank, json, to);
    if (json[at] === ',') at = skip(blank, json, at + 1);
  }
  return at;
}

/**
 * Sets text members of a JSON object on its text, so that everything else (numbers beyond a double's precision, order,
 * white space) stays as it was written. Members that are not there are added at the end.
 * @param json a text that JSON.parse accepts and that is an object
 */
export function replaceMembers(json: string, members: Readonly<Record<string, string>>): string {
  const missing = new Map(Object.entries(members));
  let result = '';
  let copied = 0;
  const found = membersOf(json);
  let step = found.next();
  for (; !step.done; step = found.next()) {
    const { key, from, to } = step.value;
    // A key may occur twice; readers take the last, so each one is set.
    if (!Object.hasOwn(members, key)) continue;
    missing.delete(key);
    result += json.slice(copied, from) + JSON.stringify(members[key]);
    copied = to;
  }
  const added = [...missing].map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`);
  if (added.length === 0) return result + json.slice(copied);
  const lead = /\{[\t\n\r ]*$/.test(json.slice(0, step.value)) ? '' : ',';
  return `${result}${json.slice(copied, step.value)}${lead}${added.join(',')}${json.slice(step.value)}`;
}
