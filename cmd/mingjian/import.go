package main

// importCmd has what comes from files. Score sheets are missing: findings are
// an assessor's, and whoever runs this program acts as an organizer.
type importCmd struct {
	Roster      importRosterCmd      `cmd:"" help:"Register the districts and centers of a CSV or XLSX file. A CSV file may have the header code,district_code,district,name."`
	Accounts    importAccountsCmd    `cmd:"" help:"Create the accounts of a CSV or XLSX file, and write the links by which their owners set passwords."`
	Assignments importAssignmentsCmd `cmd:"" help:"Assign the assessors of a CSV or XLSX file to centers and districts of a round. (Score sheets are imported by the assessors themselves, who sign in.)"`
	Template    importTemplateCmd    `cmd:"" help:"Write a workbook to fill in: roster, accounts, assignments or scores."`
	Events      importEventsCmd      `cmd:"" help:"Copy the events of a file that export wrote to the log: empty, or holding the beginning of the file."`
}
