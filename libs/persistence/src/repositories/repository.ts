import type { EntityClass, EntityManager, FilterQuery, RequiredEntityData } from '@mikro-orm/postgresql';
import { newId, type Page, type PageRequest } from '#kernel';
import { pageWindow, toPage, type SortOrder } from './page-window.js';
import { rankByParent } from './rank-by-parent.js';

/** A condition on columns, as `filterFor` of `#authz` makes it and as services add to it. */
export type Where = Readonly<Record<string, unknown>>;

/** What a service gives to create a row: key and organization are filled in. */
export type NewRow<T> = Omit<RequiredEntityData<T>, 'id' | 'organizationId' | 'createdAt' | 'updatedAt'>;

/** Reads and writes one entity inside a unit of work, within the organization of that unit. */
export class Repository<T extends { id: string }> {
  constructor(
    private readonly em: EntityManager,
    private readonly entity: EntityClass<T>,
    private readonly organizationId: string,
  ) {}

  /** The row with this id that also meets the condition, or null. */
  async find(id: string, where: Where = {}): Promise<T | null> {
    return this.findOne({ $and: [{ id }, where] });
  }

  /** Any one row that meets the condition, or null. */
  async findOne(where: Where): Promise<T | null> {
    return this.em.findOne(this.entity, this.condition(where));
  }

  /** Every row that meets the condition, oldest first. Only for sets that the schema bounds. */
  async list(where: Where): Promise<T[]> {
    return this.em.find(this.entity, this.condition(where), { orderBy: { id: 'asc' } as never });
  }

  /** How many rows meet the condition. */
  async count(where: Where): Promise<number> {
    return this.em.count(this.entity, this.condition(where));
  }

  /**
   * One page of a Relay connection, by key (no offsets).
   * @param request `first`/`after` or `last`/`before`; the caller has checked the bounds.
   * @throws DomainError BAD_USER_INPUT for a cursor that is not ours.
   */
  async page(where: Where, request: PageRequest, order: SortOrder = 'oldest-first'): Promise<Page<T>> {
    const window = pageWindow(request, order);
    const rows = (await this.em.find(this.entity, this.condition({ $and: [where, ...window.bounds] }), {
      orderBy: { id: window.direction } as never,
      limit: window.size + 1,
    })) as T[];
    return toPage(rows, window, request);
  }

  /**
   * One page for each of several parents, in two queries however many there are.
   * @param parent the property that refers to the parent, for example `teamId`
   * @returns a page for every given parent, in their order
   * @throws DomainError BAD_USER_INPUT for a cursor that is not ours.
   */
  async pages(
    parent: string,
    parentIds: readonly string[],
    where: Where,
    request: PageRequest,
    order: SortOrder = 'oldest-first',
  ): Promise<Page<T>[]> {
    const window = pageWindow(request, order);
    const condition = this.condition({ $and: [{ [parent]: { $in: parentIds } }, where, ...window.bounds] });
    const keys = await rankByParent(this.em, this.entity, this.columnOf(parent), condition, window);
    const rows = keys.length === 0 ? [] : await this.list({ id: { $in: keys.map(({ id }) => id) } });
    const byId = new Map(rows.map((row) => [row.id, row]));
    const groups = new Map<string, T[]>(parentIds.map((id) => [id, []]));
    for (const { id, parent: parentId } of keys) {
      const row = byId.get(id);
      if (row) groups.get(parentId)?.push(row);
    }
    return parentIds.map((id) => toPage(groups.get(id) ?? [], window, request));
  }

  /** Adds a row; it is written when the unit of work ends (or at {@link flush}). */
  create(data: NewRow<T>, id: string = newId()): T {
    const row = this.em.create(this.entity, {
      ...data,
      id,
      organizationId: this.organizationId,
    } as unknown as RequiredEntityData<T>);
    this.em.persist(row);
    return row;
  }

  /** Removes a row when the unit of work ends. */
  remove(row: T): void {
    this.em.remove(row);
  }

  /** Removes every row that meets the condition, at once; returns how many. */
  async removeWhere(where: Where): Promise<number> {
    return this.em.nativeDelete(this.entity, this.condition(where));
  }

  /** Sends pending writes now, so that constraints speak before the next step. */
  async flush(): Promise<void> {
    await this.em.flush();
  }

  private columnOf(property: string): string {
    const column = this.em.getMetadata().get(this.entity).properties[property as never] as
      { fieldNames: string[] } | undefined;
    const name = column?.fieldNames[0];
    if (name === undefined) throw new Error(`${this.entity.name} has no property ${property}`);
    return name;
  }

  private condition(where: Where): FilterQuery<T> {
    return { $and: [{ organizationId: this.organizationId }, where] } as unknown as FilterQuery<T>;
  }
}
