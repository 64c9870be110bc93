"""What applicants see: the catalogue of services, drafts of applications, the status of cases, appeals."""
