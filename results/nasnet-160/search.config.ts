/** @file The search: the controller that Cellwright picks for a space and a budget like these. */
import { defineStudy } from "cellwright";
import { common } from "./common.ts";

export default defineStudy({ ...common, name: "search", controller: "auto" });
