import { BytePile } from '#kernel';
import { JsonFault, JsonScanner, type JsonListener } from './json-scanner.js';

/** The member stays as it came. */
export const keep = Symbol('keep');
/** The member is left out. */
export const drop = Symbol('drop');
/** It cannot be said yet: it comes further behind. */
export const later = Symbol('later');

/** What becomes of a member: its new value as JSON text, or one of the above. */
export type Change = string | typeof keep | typeof drop | typeof later;

/** What is known of an object that is passing by. */
export interface PassingObject {
  readonly parent: PassingObject | null;
  /** The members with a rule that have come. */
  readonly seen: ReadonlySet<string>;
  /** Of those, the text of the ones that were held. */
  readonly values: ReadonlyMap<string, string>;
}

/**
 * Decides about a member whose whole value is there. `over` says how many of the objects around it have ended: 0 none, 1
 * its own, 2 also the one around that; `later` may be said to 0, and to 1.
 */
export type Decide = (text: string, object: PassingObject, over: number) => Change;

/** What happens to a value that passes by; a value of another type than a rule is for passes as it is. */
export type Rule =
  | { readonly kind: 'value'; readonly decide: Decide }
  | { readonly kind: 'object-or-nothing' }
  | ElementsRule
  /** One object, or an array of them. */
  | { readonly kind: 'one-or-many'; readonly of: ObjectRule }
  | ObjectRule;

interface ElementsRule {
  readonly kind: 'elements';
  readonly of: ObjectRule;
}

/** Rules for the members of an object; others pass as they are. */
export interface ObjectRule {
  readonly kind: 'object';
  readonly members: ReadonlyMap<string, Rule>;
  /** For all other members, as often as one is there. */
  readonly others?: ObjectRule;
  /** No others may be there. */
  readonly isClosed?: boolean;
  /** Looks at what was there, and adds members. */
  readonly end?: (object: PassingObject) => Readonly<Record<string, string>>;
}

/** More would have to be held back of a text than is allowed. */
export class HeldTooMuch extends Error {}

/** Bytes held back at one moment, at most. */
export const HELD_AT_MOST = 1024 ** 2;

interface Held {
  readonly key: string;
  readonly bytes: Buffer;
  readonly decide: Decide;
}

class Passing implements PassingObject {
  readonly seen = new Set<string>();
  readonly values = new Map<string, string>();
  readonly deferred: Held[] = [];
  /** Members that went out. */
  emitted = 0;
  constructor(
    readonly rule: ObjectRule | ElementsRule,
    readonly parent: Passing | null,
  ) {}
}

/** A value that is still to be decided about, and everything behind it. */
interface Hole extends Held {
  readonly object: Passing;
  readonly waitsFor: Passing;
  readonly behind: BytePile;
  /** The one behind which this one stands; it stays open longer. */
  readonly outer: Hole | null;
}

type Mode = 'pass' | 'gap' | 'hold' | 'drop';
const nothing = Buffer.alloc(0);

/**
 * Changes members of a JSON object that passes by chunk by chunk. Every byte that no rule is about goes on as it came, at
 * once; a member that a rule is about is held until its value is there, and where even then it cannot be decided, it
 * moves to the end of its object. Of a member with a rule there may be one only: parsers do not agree which of two counts.
 */
export class JsonRewriter implements JsonListener {
  private readonly scanner = new JsonScanner(this);
  private chunk: Buffer = nothing;
  private from = 0;
  private out: Buffer[] = [];
  private mode: Mode = 'pass';
  private object: Passing | null = null;
  /** A value without events of its own is passing. */
  private inValue = false;
  /** From the end of the last member to the value of the next. */
  private readonly gap = new BytePile();
  private readonly value = new BytePile();
  private holding: { readonly key: string; readonly decide: Decide } | null = null;
  private hole: Hole | null = null;
  private held = 0;

  constructor(private readonly root: ObjectRule) {}

  /** What goes on for this chunk; throws {@link JsonFault}, {@link HeldTooMuch}, and what a rule throws. */
  push(chunk: Buffer): Buffer {
    this.chunk = chunk;
    this.from = 0;
    this.scanner.push(chunk);
    this.take(chunk.length);
    const { out } = this;
    this.out = [];
    return out.length === 1 ? (out[0] ?? nothing) : Buffer.concat(out);
  }

  /** The text is over; throws {@link JsonFault} where it is not whole. */
  finish(): void {
    this.scanner.finish();
  }

  begin(first: number, key: string | null, at: number): boolean {
    const entered = this.enter(first, key, at);
    this.inValue = !entered;
    return entered;
  }

  end(at: number): void {
    const { object } = this;
    if (!this.inValue) {
      if (object !== null) this.leave(object, at);
      return;
    }
    this.inValue = false;
    this.take(at);
    if (object === null || object.rule.kind === 'elements') return;
    if (this.holding !== null) this.decide(object, this.holding);
    this.mode = 'gap';
  }

  private enter(first: number, key: string | null, at: number): boolean {
    const { object } = this;
    this.take(at);
    let rule: Rule | undefined = this.root;
    if (object?.rule.kind === 'elements') rule = object.rule.of;
    else if (object !== null && key !== null) {
      rule = object.rule.members.get(key);
      if (rule === undefined && object.rule.isClosed === true) throw new JsonFault('sent something that is no answer');
      if (rule !== undefined) {
        if (object.seen.has(key)) throw new JsonFault(`sent the member ${JSON.stringify(key)} twice`);
        object.seen.add(key);
      }
      if (rule?.kind === 'value') {
        this.holding = { key, decide: rule.decide };
        this.mode = 'hold';
        return false;
      }
      if (rule?.kind === 'object-or-nothing' && first !== 123) {
        this.forgetGap();
        this.mode = 'drop';
        return false;
      }
      rule ??= object.rule.others;
      this.passGap(object);
    } else if (first !== 123) throw new JsonFault('sent something that is no answer');
    this.mode = 'pass';
    if (rule?.kind === 'one-or-many') rule = first === 91 ? { kind: 'elements', of: rule.of } : rule.of;
    if (rule?.kind === 'elements' && first === 91) this.object = new Passing(rule, object);
    else if (rule?.kind === 'object' && first === 123) {
      this.take(at + 1);
      this.object = new Passing(rule, object);
      this.mode = 'gap';
    } else return false;
    return true;
  }

  private leave(object: Passing, at: number): void {
    this.object = object.parent;
    if (object.rule.kind === 'object') {
      this.take(at - 1);
      if (this.hole?.waitsFor === object) this.fill(2);
      // White space before the bracket.
      this.emit(this.takeGap());
      for (const member of object.deferred) this.passDeferred(object, member);
      const added = object.rule.end?.(object) ?? {};
      for (const key in added) this.member(object, key, Buffer.from(added[key] ?? 'null'));
      this.mode = 'pass';
    }
    this.take(at);
    this.mode = object.parent?.rule.kind === 'object' ? 'gap' : 'pass';
  }

  private decide(object: Passing, { key, decide }: NonNullable<JsonRewriter['holding']>): void {
    const bytes = this.value.take();
    this.holding = null;
    this.release(bytes.length);
    const text = bytes.toString();
    object.values.set(key, text);
    if (this.hole?.waitsFor === object) this.fill(1);
    const change = decide(text, object, 0);
    if (change === drop) this.forgetGap();
    else if (change === later) {
      this.forgetGap();
      this.hold(bytes.length);
      object.deferred.push({ key, bytes, decide });
    } else {
      this.passGap(object);
      this.emit(change === keep ? bytes : Buffer.from(change));
    }
  }

  private passDeferred(object: Passing, held: Held): void {
    const { bytes, decide, key } = held;
    const change = decide(bytes.toString(), object, 1);
    this.release(bytes.length);
    if (change === drop) return;
    this.member(object, key, change === keep ? bytes : change === later ? nothing : Buffer.from(change));
    if (change !== later) return;
    if (object.parent?.rule.kind !== 'object') throw new TypeError('nothing to wait for');
    this.hold(bytes.length);
    this.hole = { ...held, object, waitsFor: object.parent, behind: new BytePile(), outer: this.hole };
  }

  /** Decides about the value in the hole, and lets go what is behind it; nothing happens while it cannot be decided. */
  private fill(over: number): void {
    const { hole } = this;
    const change = hole?.decide(hole.bytes.toString(), hole.object, over) ?? later;
    if (hole === null || change === later) return;
    this.hole = hole.outer;
    this.release(hole.bytes.length);
    this.emit(typeof change === 'string' ? Buffer.from(change) : hole.bytes);
    this.release(hole.behind.length);
    this.emit(hole.behind.take());
  }

  /** Lets a member's name go, with a comma where one is due. */
  private passGap(object: Passing): void {
    const gap = this.takeGap();
    const comma = object.emitted++ === 0 ? gap.indexOf(44) : -1;
    if (comma !== -1 && comma < gap.indexOf(34)) {
      // The members before it were left out.
      this.emit(gap.subarray(0, comma));
      this.emit(gap.subarray(comma + 1));
    } else this.emit(gap);
  }

  private member(object: Passing, key: string, value: Buffer): void {
    this.emit(Buffer.from(`${object.emitted++ === 0 ? '' : ','}${JSON.stringify(key)}:`));
    this.emit(value);
  }

  private forgetGap(): void {
    this.release(this.gap.length);
    this.gap.clear();
  }

  private takeGap(): Buffer {
    this.release(this.gap.length);
    return this.gap.take();
  }

  /** Takes the bytes up to this place of the chunk to where they belong. */
  private take(to: number): void {
    if (to <= this.from) return;
    const bytes = this.chunk.subarray(this.from, to);
    this.from = to;
    if (this.mode === 'pass') this.emit(bytes);
    else if (this.mode !== 'drop') {
      this.hold(bytes.length);
      (this.mode === 'gap' ? this.gap : this.value).push(bytes);
    }
  }

  private emit(bytes: Buffer): void {
    if (bytes.length === 0) return;
    if (this.hole === null) this.out.push(bytes);
    else {
      this.hold(bytes.length);
      this.hole.behind.push(bytes);
    }
  }

  private hold(length: number): void {
    this.held += length;
    if (this.held > HELD_AT_MOST) throw new HeldTooMuch();
  }

  private release(length: number): void {
    this.held -= length;
  }
}
