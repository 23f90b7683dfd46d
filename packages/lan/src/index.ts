export { type Following, type FollowOptions, LocalSearch, type LocalSearchOptions } from './local-search.ts';
