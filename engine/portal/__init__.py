"""For applicants: the catalogue of services, drafts of applications, the status of cases, appeals."""
