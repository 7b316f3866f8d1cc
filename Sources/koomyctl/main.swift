print("\(CommandLine.arguments[0])")
