/**
 * Documents from a folder, once: for commands that end when they have looked.
 *
 * @module
 */
import { DocumentReader, readFilesHere } from "./document-reader.ts";
import type { ReadOptions } from "./file-documents.ts";
import { listFolder } from "./folder.ts";
import type { LoadedDocuments } from "./parse-documents.ts";

/** Reads all *.yaml and *.yml files of a folder and the folders in it, as one configuration. */
export async function loadDocuments(dir: string, options: ReadOptions = {}): Promise<LoadedDocuments> {
  return new DocumentReader(readFilesHere(options)).load(await listFolder(dir));
}
