// The pages and states that are looked at in every window: add to the list what
// is new. A state is a name, an account ('' for nobody) and an address.
export const states = [
  ['front', '', '/'],
  ['sign-in', '', '/sign-in'],
  ['explorer', 'researcher', '/records'],
  ['explorer-filtered', 'researcher', '/records?dx=L40&dx=L20&age=18..64&adm=2008-04..2009-03'],
  ['explorer-wrapped', 'researcher', '/records?den=w'],
  ['explorer-empty', 'researcher', '/records?dx=L40&sex=9&age=100'],
  ['spells', 'researcher', '/records?view=spells'],
  ['patients', 'researcher', '/records?view=patients&dx=C44&dx=L40'],
  ['charts', 'researcher', '/records?view=charts'],
  ['find', 'researcher', '/records/find?q=psor'],
  ['conditions', 'researcher', '/records/conditions?if=SEX+is+1+and+(STARTAGE+from+65+or+DIAG_nn+starts+with+L40)'],
  ['all-values', 'researcher', '/records/values/dx'],
  ['codes', 'researcher', '/codes/icd10/L40'],
  ['dictionary', 'researcher', '/dictionary'],
  ['dictionary-field', 'researcher', '/dictionary/ADMIMETH'],
  ['problem', 'researcher', '/records?age=x'],
  ['clinician-patients', 'clinician', '/records?view=patients'],
  ['clinician-charts', 'clinician', '/records?view=charts'],
  ['planner-table', 'planner', '/tables/year-by-sex'],
  ['load-reports', 'datamanager', '/quality'],
];
