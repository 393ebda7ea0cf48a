/** @file PyTorch, to the writer of model.py. */
import type { PythonFramework } from "../python/framework.ts";
import { reservedNames } from "../python/names.ts";
import { operations } from "./operations.ts";
import { preludeNames } from "./prelude.ts";

const IMPORTED = "torch nn F";
/** Attributes of torch.nn.Module that a submodule must not hide. */
const MODULE_ATTRIBUTES =
  "training dump_patches call_super_init forward register_buffer register_parameter add_module register_module get_submodule set_submodule get_parameter get_buffer apply cuda ipu xpu mtia cpu type float double half bfloat16 to_empty to register_full_backward_pre_hook register_backward_hook register_full_backward_hook register_forward_pre_hook register_forward_hook state_dict load_state_dict parameters named_parameters buffers named_buffers children named_children modules named_modules train eval requires_grad_ zero_grad share_memory extra_repr compile";

export const torch: PythonFramework = {
  operations,
  partClass: "nn.Module",
  rootClass: "nn.Module",
  method: "forward",
  rootParameters: "self, x",
  whileTraining: "self.training",
  stacks: { chain: "nn.Sequential", pair: "nn.ModuleList" },
  classNames: preludeNames,
  reserved: reservedNames(`${IMPORTED} ${MODULE_ATTRIBUTES}`),
};
