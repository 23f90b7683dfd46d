export { type Following, type FollowOptions, LocalSearch, type LocalSearchOptions } from './local-search.ts';
export { type Neighbour, Neighbourhood, type NeighbourhoodOptions } from './neighbours.ts';
