/** @file What a file says of itself, read in one moment: another process may be making the study at this one. */
import { CellwrightError, expected } from "../base/errors.ts";
import { APPLICATION_ID, inFile, readPragma, type Connection } from "./connection.ts";

/**
 * Returns the schema's version, or `empty` for a file in which nothing was made yet (a kill during creation leaves one). Throws `storage` if
 * it is another program's, or not of this `kind`. All that is looked at belongs to one snapshot: a study made between two reads would look like neither.
 */
export function readSchemaVersion(
  file: string,
  connection: Connection,
  kind: { readonly applicationId: number; readonly what: string } = {
    applicationId: APPLICATION_ID,
    what: "a study database",
  },
): number | "empty" {
  const { applicationId, version, isEmpty } = inFile(file, () => {
    connection.exec("BEGIN"); // where a read fails, the caller closes the connection and with it the transaction
    const found = {
      applicationId: readPragma(connection, "application_id"),
      version: Number(readPragma(connection, "user_version")),
      isEmpty: connection.prepare("SELECT 1 FROM sqlite_master LIMIT 1").all().length === 0,
    };
    connection.exec("COMMIT");
    return found;
  });
  if (applicationId === kind.applicationId) return version;
  if (version === 0 && isEmpty) return "empty";
  throw new CellwrightError("storage", expected(file, kind.what, "a database of another program"), {
    details: { file },
  });
}
