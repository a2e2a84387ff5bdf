"""AWS as it is written down: Terraform plans and CloudFormation templates. Nothing is sent."""
