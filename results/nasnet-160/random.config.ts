/** @file Random search, at the same budget and with the same seed. */
import { defineStudy } from "cellwright";
import { random } from "cellwright/controllers";
import { common } from "./common.ts";

export default defineStudy({ ...common, name: "random", controller: random() });
