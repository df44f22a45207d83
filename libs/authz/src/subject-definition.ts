/** Everything that a rule can allow. `readBody` exists on audit events, `passThrough` and `spawn` on upstreams. */
export type Action = 'read' | 'create' | 'update' | 'delete' | 'execute' | 'readBody' | 'passThrough' | 'spawn';

/** What the catalogue knows about one kind of object. */
export interface SubjectDefinition {
  /** The permissions that exist on it, each with the sentence that people read before they grant it. */
  readonly permissions: Readonly<Partial<Record<Action, string>>>;
  /**
   * Where an attribute lies in a query, as the keys of the nested condition. Attributes that are not named here are
   * properties of the row under the same name.
   */
  readonly where?: Readonly<Record<string, readonly string[]>>;
}
