// What an index does beside its tracker, put together from its parts. Apart from the main face, so that a tracker alone
// loads neither a database nor an engine.

export { askedHealthSection } from './catalogue/asked-health.ts';
export type { Catalogue } from './catalogue/catalogue.ts';
export { openCatalogue } from './catalogue/open-catalogue.ts';
export { catalogueSection } from './catalogue/section.ts';
export { follow } from './export/following.ts';
export { openExport } from './export/section.ts';
export { feedsSection } from './feeds/section.ts';
export { openBlocked } from './moderation/blocked.ts';
export { moderationSection } from './moderation/section.ts';
export { openApiSection } from './openapi/section.ts';
export { Face } from './pages/face.ts';
export { pagesSection } from './pages/section.ts';
export { openLeases } from './registry/open-leases.ts';
export { type SharedSwarms, shareSwarmsOverRedis } from './registry/redis-swarms.ts';
export { createRegistry, type Registry } from './registry/registry.ts';
export { Listing } from './store/listing.ts';
export { listingRoutes } from './store/listing-routes.ts';
export { openStore, type Store } from './store/store.ts';
export { torznabSection } from './torznab/section.ts';
export { openUsers } from './tracker/users-section.ts';
